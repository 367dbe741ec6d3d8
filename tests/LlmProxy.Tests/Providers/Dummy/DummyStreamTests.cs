namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyStreamTests
{
    private const string Ask = """{"stream":true,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task ChunkDelay_PacesTheStreamByTheClock()
    {
        var time = new FakeTimeProvider();
        using HttpResponseMessage response = await new DummyClient("{\"chunk_delay_ms\":100}", time).SendAsync("chat/completions", Ask);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];

        int first = await stream.ReadAsync(buffer);
        ValueTask<int> second = stream.ReadAsync(buffer);

        Assert.Single(DummyClient.Data(System.Text.Encoding.UTF8.GetString(buffer.AsSpan(0, first))));
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(await second > 0);
    }

    [Fact]
    public async Task Delay_HoldsTheAnswerBack()
    {
        var time = new FakeTimeProvider();
        Task<HttpResponseMessage> call = new DummyClient("{\"delay_ms\":250}", time).SendAsync("chat/completions", Ask);
        time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));

        using HttpResponseMessage response = await call;
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Delay_CallerGone_IsCancelled()
    {
        using var gone = new CancellationTokenSource();
        Task<HttpResponseMessage> call = new DummyClient("{\"delay_ms\":250}", new FakeTimeProvider()).SendAsync("chat/completions", Ask, gone.Token);
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Cancelled_WhileStreaming_BreaksTheStream()
    {
        using var gone = new CancellationTokenSource();
        using HttpResponseMessage response = await new DummyClient("{\"chunk_delay_ms\":100}", new FakeTimeProvider()).SendAsync("chat/completions", Ask, gone.Token);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        await gone.CancelAsync();

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (await stream.ReadAsync(new byte[4096]) > 0)
            {
            }
        });
    }

    [Fact]
    public async Task Disposed_WhileStreaming_StopsTheWriter()
    {
        var time = new FakeTimeProvider();
        HttpResponseMessage response = await new DummyClient("{\"chunk_delay_ms\":100}", time).SendAsync("chat/completions", Ask);
        response.Dispose();
        time.Advance(TimeSpan.FromHours(1)); // A writer that went on would fail here, on a pipe that nobody reads.

        await Assert.ThrowsAnyAsync<Exception>(async () => await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Long_Answers_StreamWholeThroughTheirPipe()
    {
        List<string> data = await new DummyClient("{\"words\":5000}").StreamAsync("chat/completions", Ask);

        Assert.Equal("[DONE]", data[^1]);
        Assert.True(data.Count > 5000);
    }
}
