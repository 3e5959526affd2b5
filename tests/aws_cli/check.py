"""Each line of lines.jsonl goes through a real shell and the AWS CLI's own parser, and must come out as the call's parameters.

In the shell, `aws` is a stand-in that writes down its arguments and answers reads with made-up values; nothing is sent.
Then the CLI, in this process, is given the arguments, up to where it would send: botocore validates the parameters.
"""
import base64, json, os, re, shutil, subprocess, sys, tempfile

import awscli.clidriver
from awscli.botocore.validate import ParamValidator

HERE = os.path.dirname(os.path.abspath(__file__))
FOUND = base64.b64encode(b'found').decode()
WHOLE = {
    'events:ListTargetsByRule': {'Id': '1', 'Arn': 'arn:aws:ecs:us-east-1:1:cluster/c', 'Input': '{"it\'s": "$HOME `x` \\\\ \u5f15"}',
                                 'EcsParameters': {'TaskDefinitionArn': 'arn:td', 'TaskCount': 2}},
    'scheduler:GetSchedule': {'Arn': 'arn:s', 'CreationDate': 'then', 'LastModificationDate': 'then', 'Name': 's', 'ScheduleExpression': 'rate(1 hour)',
                              'FlexibleTimeWindow': {'Mode': 'OFF'},
                              'Target': {'Arn': 'a', 'RoleArn': 'r', 'Input': '"', 'EcsParameters': {'TaskDefinitionArn': 'td'}}},
}
STAND_IN = r'''#!/bin/sh
case "$*" in *fileb://*) for f in *.secret; do cp "$f" "$KEEP/"; done;; esac
{ for word in "$@"; do printf '%s\0' "$word"; done; printf '\1\0'; } >> "$KEEP/calls"
case "$*" in *"--output json"*) cat "$WHOLE";; *"--output text"*) printf '%s\n' "$FOUND";; esac
'''


def variable(step, output):
    name = 's_' if step[:1].isdigit() else ''
    return name + ''.join('_' if c == '-' else c if c.isascii() and c.isalnum() else f'_x{ord(c):x}_' for c in f'{step}-{output}')


def value_of(output):
    return {'Before': 'true'}.get(output, f'value-of-{output}-with-as-many-letters-as-ids-have')


def resolved(value, variables):
    """The value with made-up outputs for references and made-up answers for looks, as the executor would send it."""
    if isinstance(value, str):
        def put(match):
            step, output = match.group(1).rsplit('.', 1)
            variables[variable(step, output)] = value_of(output)
            return value_of(output)
        return re.sub(r'\$\{([^}$]*\.[^}$]*)\}', put, value)
    if isinstance(value, list):
        return [resolved(v, variables) for v in value]
    if not isinstance(value, dict):
        return value
    if '$look' not in value:
        return {resolved(k, variables): resolved(v, variables) for k, v in value.items() if v is not None}
    look = value['$look']
    resolved(look['parameters'], variables)
    resolved(look['path'], variables)
    if not look.get('set'):
        return FOUND
    found = json.loads(json.dumps(WHOLE[look['operation']]))
    for at, new in look['set'].items():
        *outer, last = at.split('.')
        inner = found
        for key in outer:
            inner = inner.setdefault(key, {})
        if new is None:
            inner.pop(last, None)
        else:
            inner[last] = resolved(new, variables)
    return found


def typed(line, shell, variables, whole):
    """What arrives at `aws` when a person types the line: the arguments of each call, and the files beside them."""
    scratch = tempfile.mkdtemp()
    keep = os.path.join(scratch, 'keep')
    os.makedirs(keep)
    os.makedirs(os.path.join(scratch, 'bin'))
    os.makedirs(os.path.join(scratch, 'home'))
    stand_in = os.path.join(scratch, 'bin', 'aws')
    with open(stand_in, 'w') as f:
        f.write(STAND_IN)
    os.chmod(stand_in, 0o755)
    with open(os.path.join(scratch, 'whole'), 'w') as f:
        json.dump(whole, f)
    env = dict(variables, PATH=f'{scratch}/bin:/usr/bin:/bin', KEEP=keep, FOUND=FOUND, WHOLE=os.path.join(scratch, 'whole'), LC_ALL='C.UTF-8')
    cwd = os.path.join(scratch, 'home')
    done = subprocess.run([shell, '-euc', line], cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode or done.stderr:
        raise AssertionError(f'{shell}: exit {done.returncode}: {done.stderr}')
    if os.listdir(cwd):
        raise AssertionError(f'{shell}: it leaves {os.listdir(cwd)} behind')
    with open(os.path.join(keep, 'calls'), encoding='utf-8') as f:
        calls = [call.split('\0')[:-1] for call in f.read().split('\1\0')[:-1]]
    return calls, keep, scratch


class Cli:
    """The CLI up to where it would send."""

    def __init__(self):
        self.seen, self.models = None, None

    def see(self, params, model, **_):
        faults = ParamValidator().validate(params, model.input_shape) if model.input_shape else None
        if faults is not None and faults.has_errors():
            raise AssertionError(faults.generate_report())
        self.seen = (model.name, params)
        raise Seen

    def parse(self, arguments):
        # A driver of its own: what an operation's customisation registers stays, and breaks the next call.
        driver = awscli.clidriver.create_clidriver()
        self.models = self.models or driver.session.get_component('data_loader')
        driver.session.register_component('data_loader', self.models)
        driver.session.get_component('event_emitter').register_last('before-parameter-build', self.see)
        self.seen = None
        stderr, sys.stderr = sys.stderr, tempfile.TemporaryFile('w+')
        try:
            driver.main(arguments)
        except (SystemExit, Seen):
            pass
        finally:
            said, sys.stderr = sys.stderr, stderr
        if self.seen is None:
            said.seek(0)
            raise AssertionError(f'the CLI refuses it: {said.read().strip()[-600:]}')
        return self.seen


class Seen(BaseException):
    """Raised where the CLI would go on to send. (Its own handler catches every Exception.)"""


def plain(value):
    """Values as the wire would have them: numbers and booleans typed as text count as the same."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def check(case, cli):
    variables = {}
    expected = resolved(case['parameters'], variables)
    looks = re.findall(r'"operation": ?"(events:ListTargetsByRule|scheduler:GetSchedule)"', json.dumps(case['parameters']))
    whole = WHOLE[looks[0]] if looks else {}
    told = {}
    for shell in ['sh', 'bash']:
        calls, keep, scratch = typed(case['line'], shell, variables, whole)
        told[shell] = calls
        here = os.getcwd()
        os.chdir(keep)
        try:
            parsed = [cli.parse(call) for call in (calls if shell == 'sh' else [])]
        finally:
            os.chdir(here)
            shutil.rmtree(scratch)
        if parsed:
            name, params = parsed[-1]
            for token in {'ClientToken', 'clientToken'} - set(expected):
                params.pop(token, None)  # the CLI makes one up
            service, operation = case['operation'].split(':')
            assert name == operation, f'it calls {name}'
            wanted_service = {'elasticloadbalancing': 'elbv2', 'states': 'stepfunctions'}.get(service, service)
            assert calls[-1][0] == wanted_service, calls[-1][0]
            assert plain(params) == plain(expected), f'it says\n    {plain(params)}\n  and the call is\n    {plain(expected)}'
    assert told['sh'] == told['bash'], 'shells read it differently'


def main():
    os.environ.update(AWS_ACCESS_KEY_ID='test', AWS_SECRET_ACCESS_KEY='test', AWS_DEFAULT_REGION='us-east-1', AWS_CONFIG_FILE='/dev/null',
                      AWS_SHARED_CREDENTIALS_FILE='/dev/null', AWS_ENDPOINT_URL='http://127.0.0.1:1', AWS_EC2_METADATA_DISABLED='true')
    for tool in ['jq', 'base64']:
        if not shutil.which(tool):
            sys.exit(f'check.py: {tool} is missing; some lines need it')
    with open(os.path.join(HERE, 'lines.jsonl'), encoding='utf-8') as f:
        cases = [json.loads(line) for line in f]
    # What must not pass, or this check is worth nothing.
    bad = [{'operation': 'ec2:DeleteSubnet', 'parameters': {'SubnetId': 'a'}, 'line': 'aws ec2 delete-subnet --subnet-id b'},
           {'operation': 'ec2:DeleteSubnet', 'parameters': {'SubnetId': 'a'}, 'line': 'aws ec2 delete-subnets --subnet-id a'},
           {'operation': 'ec2:DeleteSubnet', 'parameters': {'SubnetId': 'a'}, 'line': 'aws ec2 delete-subnet --subnet-ids a'},
           {'operation': 'ec2:DeleteSubnet', 'parameters': {'SubnetId': 'a'}, 'line': 'aws ec2 delete-subnet --subnet-id "a'}]
    cli, failed, passed = Cli(), [], 0
    for case in cases + bad:
        try:
            check(case, cli)
            passed += case in bad
        except AssertionError as why:
            if case not in bad:
                failed.append(f"{case['operation']}\n  {case['line']}\n  {why}")
    if passed:
        sys.exit('check.py: a wrong line passes')
    print('\n'.join(failed))
    operations = {case['operation'] for case in cases}
    print(f'{len(cases) - len(failed)} of {len(cases)} lines, {len(operations)} operations: the AWS CLI takes them as the calls they stand for')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
