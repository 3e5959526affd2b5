"""groups.py N ENDPOINT: a VPC with three public subnets and N security groups with two rules each, on an empty emulator."""
import os, sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'emulator'))
from build_account import Builder


def group(b, shared, n):
    own = b.do('ec2', 'create_security_group', GroupName=f'own-{n:04d}', Description='bench', VpcId=b.ids['network']['vpc'])['GroupId']
    b.do('ec2', 'authorize_security_group_ingress', GroupId=own, IpPermissions=[
        {'IpProtocol': 'tcp', 'FromPort': 8080, 'ToPort': 8080, 'UserIdGroupPairs': [{'GroupId': shared}]},
        {'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '203.0.113.0/24'}]}])


def main():
    b = Builder(sys.argv[2])
    vpc = b.network(name='bench')['vpc']
    shared = b.shared_sg()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: group(b, shared, n), range(int(sys.argv[1]))))
    print(vpc)


main()
