"""Starts processes with subprocess.Popen, which returns when the program has been executed; prints what that took."""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

count, at_once = int(sys.argv[1]), int(sys.argv[2])
children = []


def start(number):
    """As a supervisor would: a session of its own, its output into files."""
    begin = time.perf_counter()
    directory = tempfile.mkdtemp(dir=sys.argv[3])
    with open(os.path.join(directory, "stdout.log"), "ab") as out, open(os.path.join(directory, "stderr.log"), "ab") as err:
        children.append(subprocess.Popen(
            ["/bin/sleep", "60"], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={}, cwd="/", start_new_session=True))
    return (time.perf_counter() - begin) * 1000


origin = time.perf_counter()
with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
    taken = sorted(pool.map(start, range(count)))
seconds = time.perf_counter() - origin
for child in children:
    child.kill()
for child in children:
    child.wait()
print(json.dumps({
    "count": count, "perSecond": count / seconds, "p50Ms": taken[count // 2], "p99Ms": taken[(count - 1) * 99 // 100],
}))
