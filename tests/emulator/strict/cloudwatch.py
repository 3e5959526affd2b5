"""CloudWatch: alarms for SDKs that speak CBOR (Smithy RPC v2), which moto 5.2.5 does not know"""
import io, re, struct
from botocore.parsers import RpcV2CBORParser
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from .core import LOCK, patch, run_due

PREFIX = '/service/GraniteServiceVersion20100801/operation/'


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    return bytes([major << 5 | 26]) + struct.pack('>I', n)


def encode(v):
    if isinstance(v, dict):
        return head(5, len(v)) + b''.join(encode(k) + encode(x) for k, x in v.items())
    if isinstance(v, list):
        return head(4, len(v)) + b''.join(map(encode, v))
    if isinstance(v, float):        # seconds since 1970: tag 1
        return head(6, 1) + b'\xfb' + struct.pack('>d', v)
    text = str(v).encode()
    return head(3, len(text)) + text


def describe_alarms(q, region):
    """CloudWatch API reference: without AlarmTypes, metric alarms only"""
    names, types = q.get('AlarmNames'), q.get('AlarmTypes') or ['MetricAlarm']
    alarms = [a for a in cloudwatch_backends[DEFAULT_ACCOUNT_ID][region].describe_alarms() if not names or a.name in names]
    def shown(a):
        at = a.state_updated_timestamp
        return {'AlarmName': a.name, 'AlarmArn': a.alarm_arn, 'StateValue': a.state_value, 'StateReason': a.state_reason or '', 'StateUpdatedTimestamp': (at - type(at)(1970, 1, 1)).total_seconds()}
    of = lambda kind, composite: [shown(a) for a in alarms if kind in types and (a.rule is not None) == composite]
    return {'MetricAlarms': of('MetricAlarm', False), 'CompositeAlarms': of('CompositeAlarm', True)}


@patch
def cloudwatch_cbor():
    orig = DomainDispatcherApplication.__call__
    def call(self, environ, start_response):
        path = environ.get('PATH_INFO', '')
        if not path.startswith(PREFIX):
            return orig(self, environ, start_response)
        headers = [('Content-Type', 'application/cbor'), ('smithy-protocol', 'rpc-v2-cbor')]
        if path[len(PREFIX):] != 'DescribeAlarms':
            start_response('501 Not Implemented', headers)
            return [encode({'__type': 'NotImplemented', 'message': path})]
        body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
        q = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
        region = re.search(r'Credential=[^/]+/\d+/([^/]+)/', environ.get('HTTP_AUTHORIZATION', ''))
        with LOCK:
            run_due()
            answer = encode(describe_alarms(q, region.group(1) if region else 'us-east-1'))
        start_response('200 OK', headers)
        return [answer]
    DomainDispatcherApplication.__call__ = call
