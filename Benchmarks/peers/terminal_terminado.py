"""Jupyter's terminal server: terminado on tornado, one terminal that all viewers share."""

import asyncio
import json
import sys

import tornado.web
from terminado import SingleTermManager, TermSocket


class Open(TermSocket):
    def check_origin(self, origin):
        return True


async def main():
    manager = SingleTermManager(shell_command=sys.argv[2:])
    app = tornado.web.Application([(r"/ws", Open, {"term_manager": manager})])
    app.listen(int(sys.argv[1]), "127.0.0.1")
    print(json.dumps({"port": int(sys.argv[1])}), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
