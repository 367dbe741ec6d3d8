using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Azure;

namespace LlmProxy.Tests.Providers.Azure;

public sealed class EntraTokensTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<TaskCompletionSource<EntraToken>> _asked = [];

    [Fact]
    public async Task Get_ManyAtOnce_FetchOnce()
    {
        EntraTokens tokens = Tokens();
        Task<string>[] calls = [.. Enumerable.Range(0, 8).Select(_ => tokens.GetAsync(CancellationToken.None).AsTask())];
        await Answer(0, "one", TimeSpan.FromHours(1));

        Assert.All(await Task.WhenAll(calls), value => Assert.Equal("one", value));
        Assert.Single(_asked);
        Assert.Equal("one", await tokens.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Get_NearTheEnd_ServesTheOldTokenWhileTheNewOneIsFetched()
    {
        EntraTokens tokens = Tokens();
        Task<string> first = tokens.GetAsync(CancellationToken.None).AsTask();
        await Answer(0, "one", TimeSpan.FromHours(1));
        await first;

        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("one", await tokens.GetAsync(CancellationToken.None));
        await Answer(1, "two", TimeSpan.FromHours(1));
        await UntilAsync(async () => await tokens.GetAsync(CancellationToken.None) == "two");
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Get_RenewalFails_GoesOnWithTheOldTokenAndRests()
    {
        EntraTokens tokens = Tokens();
        Task<string> first = tokens.GetAsync(CancellationToken.None).AsTask();
        await Answer(0, "one", TimeSpan.FromHours(1));
        await first;

        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("one", await tokens.GetAsync(CancellationToken.None));
        await UntilAsync(() => Task.FromResult(_asked.Count == 2));
        _asked[1].SetException(new InvalidOperationException("away"));
        await UntilAsync(async () =>
        {
            Assert.Equal("one", await tokens.GetAsync(CancellationToken.None));
            _time.Advance(TimeSpan.FromSeconds(31));
            return _asked.Count == 3;
        });
    }

    [Fact]
    public async Task Get_ExpiredAndRefused_FailsWithWhatToDo()
    {
        EntraTokens tokens = Tokens();
        Task<string> call = tokens.GetAsync(CancellationToken.None).AsTask();
        await UntilAsync(() => Task.FromResult(_asked.Count == 1));
        _asked[0].SetException(new InvalidOperationException("tenant 1234 says no"));

        NoCredentialException e = await Assert.ThrowsAsync<NoCredentialException>(() => call);
        Assert.Equal(ErrorCode.ProviderAuthFailed, e.Failure.Code);
        Assert.Contains("Auth.api_key_env", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("1234", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_CallerGivesUp_LeavesTheFetchToTheOthers()
    {
        EntraTokens tokens = Tokens();
        using var impatient = new CancellationTokenSource();
        Task<string> first = tokens.GetAsync(impatient.Token).AsTask();
        Task<string> second = tokens.GetAsync(CancellationToken.None).AsTask();
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Answer(0, "one", TimeSpan.FromHours(1));
        Assert.Equal("one", await second);
    }

    [Fact]
    public void Token_Printed_DoesNotShowItself() =>
        Assert.DoesNotContain("secret", new EntraToken("secret", DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal);

    private EntraTokens Tokens() => new(_time, _ =>
    {
        var answer = new TaskCompletionSource<EntraToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.Add(answer);
        return new ValueTask<EntraToken>(answer.Task);
    });

    private async Task Answer(int call, string value, TimeSpan life)
    {
        await UntilAsync(() => Task.FromResult(_asked.Count > call));
        _asked[call].SetResult(new EntraToken(value, _time.GetUtcNow() + life));
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (int i = 0; i < 10_000; i++)
        {
            if (await isSo())
            {
                return;
            }

            await Task.Yield();
        }

        Assert.Fail("It never came to be.");
    }
}
