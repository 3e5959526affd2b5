"""Follows plans/story/runbook.md with the AWS CLI on the emulator, as a person would at night: every look, do, wait and
check of every stage up to cleanup, and then every way back, last step first. Judged from outside by
tests/emulator/inspect_account.py: no promise is broken at the end, and after the way back the account is as it was.

The lines run in one bash that stays open. `aws` is the real CLI, loaded once and forked for each call. The emulator's clock
is put forward while something is waited for.
"""
import json, os, re, shlex, shutil, socket, subprocess, sys, tempfile, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EMULATOR = os.path.join(ROOT, 'tests', 'emulator')
CLIENT = r'''
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ['AWS_SOCKET'])
s.sendall(json.dumps([sys.argv[1:], os.getcwd()]).encode() + b'\n')
out, err, code = json.loads(s.makefile().readline())
sys.stdout.write(out); sys.stderr.write(err); sys.exit(code)
'''


def serve(path):
    """The CLI behind a socket: each call in a fork of a process that has it loaded."""
    import awscli.clidriver
    warm = awscli.clidriver.create_clidriver()
    loader = warm.session.get_component('data_loader')
    for service in ['ec2', 'elbv2', 'rds', 'lambda', 'ssm']:
        warm.session.get_service_model(service)
        warm.session.create_client(service)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    while True:
        connection, _ = listener.accept()
        arguments, cwd = json.loads(connection.makefile().readline())
        out, err = tempfile.TemporaryFile('w+'), tempfile.TemporaryFile('w+')
        child = os.fork()
        if child == 0:
            os.chdir(cwd)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            driver = awscli.clidriver.create_clidriver()
            driver.session.register_component('data_loader', loader)
            code = 255
            try:
                # (Version 1 does not heed AWS_ENDPOINT_URL for RDS.)
                code = driver.main([*arguments, '--endpoint-url', os.environ['AWS_ENDPOINT_URL']])
            except SystemExit as end:
                code = end.code
            finally:
                sys.stdout.flush(); sys.stderr.flush()
                os._exit(code or 0)
        _, status = os.waitpid(child, 0)
        out.seek(0), err.seek(0)
        connection.sendall(json.dumps([out.read(), err.read(), os.waitstatus_to_exitcode(status)]).encode() + b'\n')
        connection.close()


class Shell:
    """One bash that stays open."""

    def __init__(self, scratch, env):
        self.out, self.err, self.done = (os.path.join(scratch, name) for name in ('out', 'err', 'done'))
        os.mkfifo(self.done)
        self.bash = subprocess.Popen(['bash', '-u'], stdin=subprocess.PIPE, text=True, env=env, cwd=scratch)
        self.calls = 0

    def run(self, line):
        self.calls += 1
        self.bash.stdin.write(f'{{ {line}\n}} > {self.out} 2> {self.err}; echo $? > {self.done}\n')
        self.bash.stdin.flush()
        with open(self.done) as f:
            code = int(f.read())
        with open(self.out) as out, open(self.err) as err:
            return code, out.read().strip(), err.read().strip()

    def expanded(self, text):
        return self.run('printf %s "' + text.replace('"', '\\"').replace('`', '\\`') + '"')[1]


class Stuck(Exception):
    pass


class Reader:
    def __init__(self, shell, endpoint):
        self.shell, self.endpoint = shell, endpoint
        self.made = self.left_out = self.looked = 0

    def advance(self, seconds):
        urllib.request.urlopen(urllib.request.Request(f'{self.endpoint}/strict/clock?advance={seconds}', method='POST'), timeout=30).read()

    def is_so(self, wanted, answer):
        """Whether a read prints what it must, by the words of the runbook."""
        code, out, err = answer
        missing = code != 0 and re.search(r'NotFound|DoesNotExist|NoSuch|not exist', err)
        if code and not missing:
            raise Stuck(f'the read failed: {err}')
        words = [word for word in out.split() if word != 'None'] if not missing else []
        wanted = self.shell.expanded(wanted)
        if wanted.startswith('nothing ') and not wanted.startswith('nothing but'):
            return not words
        if wanted.startswith('nothing,'):
            return not words
        if wanted == 'something':
            return bool(words)
        for start, test in [('in any order ', lambda w: set(words) == w), ('among others ', lambda w: w <= set(words)),
                            ('none of ', lambda w: not w & set(words)), ('nothing but ', lambda w: set(words) <= w)]:
            if wanted.startswith(start):
                return test(set(wanted[len(start):].split()))
        if wanted.startswith('so many values: '):
            return len(words) == int(wanted.split()[-1])
        if wanted.startswith('not before '):
            return any(moment(word) >= moment(wanted.split()[-1]) for word in words)
        return bool(words) and set(words) == set(wanted.split()) and len(wanted.split()) == 1

    def part(self, lines):
        """Carries out one block."""
        answer, skip, read = None, False, None
        for at, line in enumerate(lines):
            after = lines[at + 1] if at + 1 < len(lines) else ''
            if line.startswith('# must be: '):
                self.until(line[len('# must be: '):], read, answer, waits=after.startswith('# again until'))
            elif line.startswith('# leave the next call out if it prints '):
                wanted = line[len('# leave the next call out if it prints '):].rsplit(': ', 1)[0]
                skip = self.is_so(wanted, answer)
            elif line.startswith('#'):
                continue
            elif after.startswith('# must be: ') or after.startswith('# leave '):
                read, answer = line, self.shell.run(line)
                self.looked += 1
            elif line.startswith('sleep '):
                self.advance(int(line.split()[1]))
            elif line.startswith('self_') or re.match(r'\w+_At=', line):
                self.shell.run(line)
            elif skip:
                self.left_out, skip = self.left_out + 1, False
            else:
                code, out, err = self.shell.run(line)
                self.made += 1
                if code:
                    raise Stuck(f'{line}\n  {err}')

    def until(self, wanted, read, answer, waits):
        for _ in range(400 if waits else 1):
            if self.is_so(wanted, answer):
                return
            if waits:
                self.advance(15)
                answer = self.shell.run(read)
        raise Stuck(f'{read}\n  prints {answer}, must be {self.shell.expanded(wanted)}')


def moment(text):
    import datetime
    if re.fullmatch(r'[0-9.]+', text):  # version 1 prints some times as seconds since 1970
        return datetime.datetime.fromtimestamp(float(text), datetime.timezone.utc)
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def steps(text):
    """Stage, id and blocks by their titles, in order."""
    stage = ''
    for section in re.split(r'^(?=## |### )', text, flags=re.M):
        head = section.split('\n', 1)[0]
        if head.startswith('## Stage '):
            stage = head[len('## Stage '):]
        step = re.match(r'### \[.\] `([^`]+)`:', head)
        if step:
            blocks = re.findall(r'^([A-Z][^\n]*:|If it fails[^\n]*)\n\n```sh\n(.*?)\n```', section, flags=re.M | re.S)
            yield stage, step.group(1), {title: block.split('\n') for title, block in blocks}


def emulator_tool(python, script, *arguments):
    done = subprocess.run([python, os.path.join(EMULATOR, script), *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def build(endpoint, python, text):
    """Builds the story's account, and returns the runbook with its ids. Ids come from a seed, but those of balancers also from
    what the emulator's own transitions have drawn by then, which differs from machine to machine."""
    for path in ['/moto-api/reset', '/moto-api/seed?a=42']:
        urllib.request.urlopen(urllib.request.Request(endpoint + path, method='POST'), timeout=60).read()
    code, out, err = emulator_tool(python, 'build_account.py', endpoint, '--spine')
    if code:
        sys.exit(f'follow.py: the account can not be built: {err[-300:]}')
    for kind in ['loadbalancer/app', 'targetgroup']:
        made = dict(re.findall(kind + r'/([\w-]+)/([0-9a-f]{16})', out))
        for name, id_ in set(re.findall(kind + r'/([\w-]+)/([0-9a-f]{16})', text)):
            text = text.replace(id_, made[name])
    strange = [one for one in set(re.findall(r'"((?:i|subnet|vpc|sg|rtb|eipalloc)-[0-9a-f]{17})"', out)) if one not in text and not one.startswith('sg-')]
    if strange:
        sys.exit(f'follow.py: the emulated account is not the one of the story: {strange[:5]}')
    return text


def follow(endpoint, python, scratch):
    with open(os.path.join(ROOT, 'plans', 'story', 'runbook.md'), encoding='utf-8') as f:
        text = f.read()
    vpc = re.search(r'VPC (vpc-\w+)', text).group(1)
    text = build(endpoint, python, text)
    files = {name: os.path.join(scratch, f'{name}.json') for name in ('before', 'before-stable', 'moved', 'back-stable')}
    snapshot = lambda name: emulator_tool(python, 'inspect_account.py', 'snapshot', '--endpoint', endpoint, '--vpc', vpc, '--out', files[name],
                                          *(['--stable'] if name.endswith('stable') else []))
    snapshot('before'), snapshot('before-stable')
    bin_ = os.path.join(scratch, 'bin')
    os.makedirs(bin_)
    with open(os.path.join(bin_, 'client.py'), 'w') as f:
        f.write(CLIENT)
    with open(os.path.join(bin_, 'aws'), 'w') as f:
        f.write(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -E {shlex.quote(bin_)}/client.py "$@"\n')
    os.chmod(os.path.join(bin_, 'aws'), 0o755)
    env = dict(os.environ, PATH=f'{bin_}:{os.environ["PATH"]}', AWS_SOCKET=os.path.join(scratch, 'aws.socket'))
    shell = Shell(scratch, env)
    reader = Reader(shell, endpoint)
    done, began = [], time.monotonic()
    for stage, step, blocks in steps(text):
        if stage == 'cleanup':
            continue
        try:
            for title in ['First look, and go on only if it is so:', 'Do:', 'Wait:', 'Check:']:
                reader.part(blocks.get(title, []))
        except Stuck as why:
            sys.exit(f'follow.py: step {step} of {stage}: {why}')
        done.append((step, blocks.get('Way back:', [])))
    code, out, err = emulator_tool(python, 'inspect_account.py', 'check', '--endpoint', endpoint, '--vpc', vpc, '--before', files['before'])
    if code:
        sys.exit(f'follow.py: after the last stage promises are broken:\n{out}{err}')
    there = (len(done), reader.made, reader.looked, time.monotonic() - began)
    for step, lines in reversed(done):
        try:
            reader.part(lines)
        except Stuck as why:
            sys.exit(f'follow.py: the way back of {step}: {why}')
    reader.advance(7200)
    snapshot('back-stable')
    code, out, err = emulator_tool(python, 'inspect_account.py', 'diff', files['before-stable'], files['back-stable'])
    if code:
        sys.exit(f'follow.py: after the way back the account is not as it was:\n{out}{err}')
    print(f'{there[0]} steps of the runbook followed with the AWS CLI, {there[1]} calls and {there[2]} looks in {there[3]:.0f} s, and no promise is broken; '
          f'and back, {reader.made - there[1]} calls in {time.monotonic() - began - there[3]:.0f} s: the account is as it was')


def main():
    os.environ.update(AWS_ACCESS_KEY_ID='test', AWS_SECRET_ACCESS_KEY='test', AWS_DEFAULT_REGION='us-east-1', AWS_REGION='us-east-1', AWS_CONFIG_FILE='/dev/null',
                      AWS_SHARED_CREDENTIALS_FILE='/dev/null', AWS_EC2_METADATA_DISABLED='true', AWS_PAGER='')
    for tool in ['bash', 'jq', 'base64']:
        if not shutil.which(tool):
            sys.exit(f'follow.py: {tool} is missing; the runbook needs it')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    endpoint = os.environ['AWS_ENDPOINT_URL'] = f'http://127.0.0.1:{port}'
    python = subprocess.run([os.path.join(EMULATOR, 'start.sh'), '--python'], capture_output=True, text=True, check=True).stdout.strip()
    scratch = tempfile.mkdtemp()
    emulator = subprocess.Popen([os.path.join(EMULATOR, 'start.sh'), str(port)], stdout=subprocess.PIPE, text=True, env=dict(os.environ, STRICT_DELAY='0.1'))
    server = os.fork()
    if server == 0:
        serve(os.path.join(scratch, 'aws.socket'))
    try:
        if 'ready' not in emulator.stdout.readline():
            sys.exit('follow.py: the emulator did not start')
        for _ in range(100):
            if os.path.exists(os.path.join(scratch, 'aws.socket')):
                break
            time.sleep(0.1)
        follow(endpoint, python, scratch)
    finally:
        os.kill(server, 9)
        emulator.terminate()
        emulator.wait()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == '__main__':
    main()
