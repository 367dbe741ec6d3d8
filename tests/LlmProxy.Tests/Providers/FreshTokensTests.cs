using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class FreshTokensTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Of the real clock, so that what is lost fails instead of hanging.
    private readonly FakeTimeProvider _time = new();
    private readonly List<TaskCompletionSource<BearerToken>> _asked = [];

    [Fact]
    public async Task Get_ManyAtOnce_FetchOnce()
    {
        FreshTokens tokens = Tokens();
        Task<string>[] calls = [.. Enumerable.Range(0, 8).Select(_ => ValueAsync(tokens, CancellationToken.None))];
        await Answer(0, "one", TimeSpan.FromHours(1));

        Assert.All(await Task.WhenAll(calls), value => Assert.Equal("one", value));
        Assert.Single(_asked);
        Assert.Equal("one", await ValueAsync(tokens, CancellationToken.None));
    }

    [Fact]
    public async Task Get_NearTheEnd_ServesTheOldTokenWhileTheNewOneIsFetched()
    {
        FreshTokens tokens = Tokens();
        Task<string> first = ValueAsync(tokens, CancellationToken.None);
        await Answer(0, "one", TimeSpan.FromHours(1));
        await first;

        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("one", await ValueAsync(tokens, CancellationToken.None));
        await Answer(1, "two", TimeSpan.FromHours(1));
        await UntilAsync(async () => await ValueAsync(tokens, CancellationToken.None) == "two");
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Get_RenewalFails_GoesOnWithTheOldTokenAndRests()
    {
        FreshTokens tokens = Tokens();
        Task<string> first = ValueAsync(tokens, CancellationToken.None);
        await Answer(0, "one", TimeSpan.FromHours(1));
        await first;

        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("one", await ValueAsync(tokens, CancellationToken.None));
        await UntilAsync(() => Task.FromResult(_asked.Count == 2));
        _asked[1].SetException(new InvalidOperationException("away"));
        (int looks, int next) = (0, 100);
        await UntilAsync(async () =>
        {
            Assert.Equal("one", await ValueAsync(tokens, CancellationToken.None));
            if (++looks == next && next <= 3200)
            {
                _time.Advance(TimeSpan.FromSeconds(31)); // Six times and ever more seldom: the failure is noted behind our back, and the old token has to outlive all of it.
                next *= 2;
            }

            return _asked.Count == 3;
        });
    }

    [Fact]
    public async Task Get_ExpiredAndRefused_FailsWithWhatToDo()
    {
        FreshTokens tokens = Tokens();
        Task<string> call = ValueAsync(tokens, CancellationToken.None);
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
        FreshTokens tokens = Tokens();
        using var impatient = new CancellationTokenSource();
        Task<string> first = ValueAsync(tokens, impatient.Token);
        Task<string> second = ValueAsync(tokens, CancellationToken.None);
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Answer(0, "one", TimeSpan.FromHours(1));
        Assert.Equal("one", await second);
    }

    [Fact]
    public void Token_Printed_DoesNotShowItself() =>
        Assert.DoesNotContain("secret", new BearerToken("secret", DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal);

    private static async Task<string> ValueAsync(FreshTokens tokens, CancellationToken cancellation) => (await tokens.GetAsync(cancellation)).Value;

    private FreshTokens Tokens() => new(_time, "Sign in with Auth.api_key_env.", _ =>
    {
        var answer = new TaskCompletionSource<BearerToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.Add(answer);
        return new ValueTask<BearerToken>(answer.Task);
    });

    private async Task Answer(int call, string value, TimeSpan life)
    {
        await UntilAsync(() => Task.FromResult(_asked.Count > call));
        _asked[call].SetResult(new BearerToken(value, _time.GetUtcNow() + life));
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, "It never came to be.");
            await Task.Delay(1);
        }
    }
}
