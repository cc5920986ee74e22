"""What a hook in Python does: read what the agent says, send a line, wait for the answer."""

import json
import os
import random
import socket
import sys
import time

told = json.load(sys.stdin)
now = time.time()
params = {
    "event_id": f"evt-{int(now * 1000)}-{os.getppid()}-{random.getrandbits(64):x}",
    "recorded_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), "event_type": "pre_tool_use",
    "session_id": told["session_id"], "pid": os.getppid(), "cwd": told["cwd"], "tool": told["tool_name"],
    "file_path": told["tool_input"]["file_path"],
}
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(os.environ["CAPACITOR_DAEMON_SOCKET"])
    peer.sendall(json.dumps({"protocol_version": 1, "method": "event", "params": params}).encode() + b"\n")
    sys.exit(0 if json.loads(peer.makefile().readline())["ok"] else 1)
