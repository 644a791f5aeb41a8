"""Joins two sockets: `python -m support.forward LISTEN TARGET`, each `tcp:PORT` (of 127.0.0.1) or `unix:PATH`.

A socket in the file system is the same in every network namespace; so it leads from one into another.
"""

import asyncio
import sys

# A target may begin to listen a little later.
PATIENCE_SECONDS = 15


async def serve(listen, target):
    kind, _, address = listen.partition(":")

    async def accepted(reader, writer):
        try:
            onward_reader, onward_writer = await connect(target)
            await asyncio.gather(carry(reader, onward_writer), carry(onward_reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    if kind == "unix":
        return await asyncio.start_unix_server(accepted, address)
    return await asyncio.start_server(accepted, "127.0.0.1", int(address))


async def connect(target):
    kind, _, address = target.partition(":")
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            if kind == "unix":
                return await asyncio.open_unix_connection(address)
            return await asyncio.open_connection("127.0.0.1", int(address))
        except (ConnectionError, FileNotFoundError):
            if asyncio.get_running_loop().time() > deadline:
                raise ConnectionError(f"nobody listens at {target}") from None
            await asyncio.sleep(0.05)


async def carry(reader, writer):
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(listen, target):
    server = await serve(listen, target)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
