using LlmProxy.TestKit;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.IntegrationTests;

/// <summary>Images by address for a vendor that wants bytes: fetched from where it is allowed, and from nowhere else.</summary>
public sealed class MediaFetchTests(MediaFetchTests.Fixture fixture) : IClassFixture<MediaFetchTests.Fixture>
{
    private const string House = "sk-fetch-house-0123456789";
    private const string Key = "sk-fetch-caller-0123456789";

    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3, 4];

    [Fact]
    public async Task Image_AtAnAllowedHost_GoesUpAsBytes()
    {
        Expect.Ok(await AskAsync("see", At("localhost", "/image.png")));

        Assert.Equal(Convert.ToBase64String(Png), Assert.Single(fixture.Upstream.CallsFor("see")).Json["messages"]![0]!["images"]![0]!.ToString());
    }

    [Fact]
    public async Task Image_BehindARedirectToAnAllowedHost_IsFollowed()
    {
        Expect.Ok(await AskAsync("redirected", At("localhost", "/to-image")));

        Assert.Single(fixture.Upstream.CallsFor("redirected"));
    }

    [Theory]
    [InlineData("127.0.0.1", "/image.png", "not a public address")]
    [InlineData("localhost", "/to-loopback", "not a public address")]
    [InlineData("[::1]", "/image.png", "not a public address")]
    [InlineData("2130706433", "/image.png", "not a public address")]
    [InlineData("localhost", "/large.png", "larger than")]
    [InlineData("localhost", "/page.html", "no image")]
    [InlineData("localhost", "/missing.png", "answered 404")]
    [InlineData("localhost", "/round-and-round", "answered 302")]
    [InlineData("no-such-host.invalid", "/image.png", "cannot be reached")]
    public async Task Image_ThatMayNotOrCannotBeFetched_IsTheCallers400(string host, string path, string why)
    {
        string model = "refused-" + path.Trim('/') + host.Length;

        Reply reply = await AskAsync(model, At(host, path));

        string message = Expect.Error(reply, 400, "invalid_value");
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains("messages[0].content[1]", message, StringComparison.Ordinal);
        Assert.Equal("messages[0].content[1]", reply.Json["error"]!["param"]!.ToString());
        Assert.Empty(fixture.Upstream.CallsFor(model));
    }

    [Theory]
    [InlineData(Key, "\"llm\":{\"local_only\":true}")]
    [InlineData(House, "\"x\":1")]
    public async Task CallThatStaysInTheHouse_FetchesFromTheHouseAlone(string key, string more)
    {
        Expect.Ok(await AskAsync("inside", At("localhost", "/image.png"), key, more));
        string message = Expect.Error(await AskAsync("outside", "https://example.com/image.png", key, more), 400, "invalid_value");

        Assert.Contains("stay in the house", message, StringComparison.Ordinal);
    }

    private string At(string host, string path) => $"http://{host}:{new Uri(fixture.Upstream.Address).Port}{path}";

    private Task<Reply> AskAsync(string model, string address, string key = Key, string more = "\"x\":1") => fixture.Client.PostAsync(
        "/v1/chat/completions",
        $$$"""{"model":"ollama/{{{model}}}","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"{{{address}}}"}}]}],{{{more}}}}""",
        ("x-api-key", key));

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            Upstream.Always(AnswerAsync);
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[] { new { Name = "fetch", Key }, new { Name = "house", Key = House, AllowExternal = false } },
                    Llms = new[] { new { Name = "ollama/*", Provider = "ollama", Model = "*", BaseUrl = Upstream.Address } },
                    Fetch = new { AllowHosts = new[] { "localhost" }, MaxBytes = 1000, TimeoutSeconds = 5 },
                }),
            };
        }

        private async Task AnswerAsync(UpstreamCall call)
        {
            string port = new Uri(Upstream.Address).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            switch (call.Path)
            {
                case "/image.png":
                    await Answers.Bytes(Png, "application/octet-stream")(call);
                    break;
                case "/large.png":
                    await Answers.Bytes([.. Png, .. new byte[2000]], "image/png")(call);
                    break;
                case "/page.html":
                    await Answers.Html(200)(call);
                    break;
                case "/missing.png":
                    await Answers.Html(404)(call);
                    break;
                case "/to-image":
                    call.Http.Response.Redirect("/image.png");
                    break;
                case "/to-loopback":
                    call.Http.Response.Redirect($"http://127.0.0.1:{port}/image.png");
                    break;
                case "/round-and-round":
                    call.Http.Response.Redirect("/round-and-round");
                    break;
                default:
                    await Answers.Json("""{"model":"see","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"A cat."},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":2}""")(call);
                    break;
            }
        }
    }
}
