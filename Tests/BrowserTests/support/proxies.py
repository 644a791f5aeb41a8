"""What stands between a browser and its node: a slow line, or somebody who reads along."""

import asyncio
import threading


class LoopThread:
    """An asyncio loop in a thread of its own, for servers that a test runs beside itself."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine, seconds=30):
        """The coroutine's result; called from any other thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def close(self):
        async def cancel_all():
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class DelayProxy:
    """A TCP port that leads to another one, each byte later by `delay` seconds in either direction."""

    def __init__(self, target_port, delay):
        self._target_port, self._delay = target_port, delay
        self._thread = LoopThread()
        self._server = self._thread.run(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        self._thread.run(self._stop_listening())
        self._thread.close()

    async def _listen(self):
        return await asyncio.start_server(self._accepted, "127.0.0.1", 0)

    async def _stop_listening(self):
        self._server.close()

    async def _accepted(self, reader, writer):
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            await asyncio.gather(self._carry(reader, onward_writer), self._carry(onward_reader, writer))
        except asyncio.CancelledError:
            # The proxy is closed. asyncio's server would report a task that ends so.
            pass
        finally:
            writer.close()
            onward_writer.close()

    async def _carry(self, reader, writer):
        """Reads at once and writes later, so that the line is long but not narrow."""
        loop = asyncio.get_running_loop()
        under_way = asyncio.Queue()

        async def read():
            try:
                while data := await reader.read(65_536):
                    under_way.put_nowait((loop.time() + self._delay, data))
            except ConnectionError:
                pass
            under_way.put_nowait((loop.time() + self._delay, None))

        async def write():
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(due - loop.time())
                if data is None:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        await asyncio.gather(read(), write(), return_exceptions=True)
