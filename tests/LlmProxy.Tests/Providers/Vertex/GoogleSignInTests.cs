using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Apis.Http;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Vertex;

namespace LlmProxy.Tests.Providers.Vertex;

public sealed class GoogleSignInTests
{
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
        BearerToken token = await GoogleSignIn.FetchAsync(key, TimeProvider.System, google, CancellationToken.None);
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
