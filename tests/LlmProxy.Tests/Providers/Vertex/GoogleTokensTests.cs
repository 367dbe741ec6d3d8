using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Apis.Http;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Vertex;

namespace LlmProxy.Tests.Providers.Vertex;

public sealed class GoogleTokensTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<TaskCompletionSource<GoogleToken>> _asked = [];

    private GoogleTokens Tokens() => new(_time, cancellation =>
    {
        var answer = new TaskCompletionSource<GoogleToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_asked)
        {
            _asked.Add(answer);
        }

        return new ValueTask<GoogleToken>(answer.Task.WaitAsync(cancellation));
    });

    [Fact]
    public async Task Get_ManyAtOnce_FetchOnce()
    {
        GoogleTokens tokens = Tokens();
        Task<GoogleToken>[] calls = [.. Enumerable.Range(0, 8).Select(_ => tokens.GetAsync(CancellationToken.None).AsTask())];
        await UntilAsync(() => _asked.Count == 1);
        _asked[0].SetResult(new GoogleToken("one", _time.GetUtcNow().AddHours(1)));
        Assert.All(await Task.WhenAll(calls), token => Assert.Equal("one", token.Value));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Get_NearTheEnd_ServesTheOldTokenWhileTheNewOneIsFetched()
    {
        GoogleTokens tokens = Tokens();
        Task<GoogleToken> first = tokens.GetAsync(CancellationToken.None).AsTask();
        await UntilAsync(() => _asked.Count == 1);
        _asked[0].SetResult(new GoogleToken("one", _time.GetUtcNow().AddHours(1)));
        await first;

        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("one", (await tokens.GetAsync(CancellationToken.None)).Value);
        await UntilAsync(() => _asked.Count == 2);
        _asked[1].SetResult(new GoogleToken("two", _time.GetUtcNow().AddHours(1)));
        string value = "one";
        while (value == "one")
        {
            value = (await tokens.GetAsync(CancellationToken.None)).Value;
            await Task.Yield();
        }

        Assert.Equal("two", value);
    }

    [Fact]
    public async Task Get_Refused_FailsWithWhatToDo()
    {
        GoogleTokens tokens = Tokens();
        Task<GoogleToken> call = tokens.GetAsync(CancellationToken.None).AsTask();
        await UntilAsync(() => _asked.Count == 1);
        _asked[0].SetException(new InvalidOperationException("away"));
        NoCredentialException failed = await Assert.ThrowsAsync<NoCredentialException>(() => call);
        Assert.Equal(ErrorCode.ProviderAuthFailed, failed.Failure.Code);
        Assert.Contains("credentials_file", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_CallerGone_LeavesTheFetchToTheOthers()
    {
        GoogleTokens tokens = Tokens();
        using var gone = new CancellationTokenSource();
        Task<GoogleToken> first = tokens.GetAsync(gone.Token).AsTask();
        Task<GoogleToken> second = tokens.GetAsync(CancellationToken.None).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await UntilAsync(() => _asked.Count == 1);
        _asked[0].SetResult(new GoogleToken("one", _time.GetUtcNow().AddHours(1)));
        Assert.Equal("one", (await second).Value);
    }

    [Fact]
    public async Task SignIn_ServiceAccount_AsksTheAddressInItsKey()
    {
        using var rsa = RSA.Create(2048);
        string key = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["type"] = "service_account",
            ["project_id"] = "p",
            ["private_key_id"] = "1",
            ["private_key"] = rsa.ExportPkcs8PrivateKeyPem(),
            ["client_email"] = "robot@p.iam.gserviceaccount.com",
            ["token_uri"] = "http://127.0.0.1:1/token",
        });
        using var google = new FakeGoogle("""{"access_token":"tok","expires_in":3599,"token_type":"Bearer"}""");
        GoogleToken token = await GoogleSignIn.FetchAsync(key, TimeProvider.System, google, CancellationToken.None);
        Assert.Equal("tok", token.Value);
        Assert.Equal("http://127.0.0.1:1/token", google.Asked);
        Assert.InRange(token.ExpiresOn, DateTimeOffset.UtcNow.AddMinutes(50), DateTimeOffset.UtcNow.AddMinutes(61));
    }

    [Fact]
    public async Task SignIn_BrokenFile_Throws()
    {
        await Assert.ThrowsAnyAsync<Exception>(async () => await GoogleSignIn.FetchAsync("/nowhere/key.json", TimeProvider.System, null, CancellationToken.None));
        await Assert.ThrowsAnyAsync<Exception>(async () => await GoogleSignIn.FetchAsync("""{"type":"tomorrow"}""", TimeProvider.System, null, CancellationToken.None));
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        while (true)
        {
            lock (_asked)
            {
                if (holds())
                {
                    return;
                }
            }

            await Task.Yield();
        }
    }

    private sealed class FakeGoogle(string answer) : HttpClientFactory, IDisposable
    {
        private readonly Handler _handler = new(answer);

        public string? Asked => _handler.Asked;

        public void Dispose() => _handler.Dispose();

        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => _handler;

        private sealed class Handler(string answer) : HttpMessageHandler
        {
            public string? Asked { get; private set; }

            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                Asked = request.RequestUri!.ToString();
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(answer, Encoding.UTF8, "application/json") });
            }
        }
    }
}
