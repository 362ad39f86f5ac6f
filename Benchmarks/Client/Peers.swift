/// Python's clients of the same service, each as its own documentation uses it. They are told the
/// address, how many calls, how many of them in flight, and a folder; they print the seconds.
enum Peers {
  static let program = """
    import asyncio, base64, sys, time
    kind, address, count, flight, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

    async def in_flight(call, total):
        numbers = iter(range(total))
        async def worker():
            for number in numbers:
                await call(number)
        await asyncio.gather(*(worker() for _ in range(flight)))

    async def measure(call):
        await in_flight(call, 2 * flight)
        start = time.perf_counter()
        await in_flight(call, count)
        print(time.perf_counter() - start)

    async def with_aiohttp(stores):
        import aiohttp
        headers = {"Authorization": "Bearer test"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async def call(number):
                form = aiohttp.FormData(default_to_multipart=True)
                form.add_field("prompt", f"number {number}")
                form.add_field("style", "imagine-turbo")
                form.add_field("aspect_ratio", "1:1")
                form.add_field("seed", str(number + 1))
                async with session.post(address + "/v2/image/generations", data=form) as answer:
                    image = await answer.read()
                    assert answer.status == 200 and image[:4] == b"\\x89PNG"
                if stores:
                    with open(f"{folder}/{number}.png", "wb") as file:
                        file.write(image)
            await measure(call)

    async def with_openai():
        from openai import AsyncOpenAI
        async with AsyncOpenAI(base_url=address + "/v1", api_key="test", max_retries=0) as client:
            async def call(number):
                answer = await client.images.generate(
                    model="flux-1", prompt=f"number {number}", response_format="b64_json")
                assert base64.b64decode(answer.data[0].b64_json)[:4] == b"\\x89PNG"
            await measure(call)

    asyncio.run(with_openai() if kind == "openai" else with_aiohttp(kind == "aiohttp-files"))
    """
}
