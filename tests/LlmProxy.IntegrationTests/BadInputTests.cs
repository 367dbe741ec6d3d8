using System.Net;
using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Whatever comes in, the answer is a refusal in OpenAI's shape, and no vendor sees any of it.</summary>
public sealed class BadInputTests(BadInputTests.Fixture fixture) : IClassFixture<BadInputTests.Fixture>
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    /// <summary>A name, a body, the code it gets.</summary>
    public static TheoryData<string, string, string> Bodies => new()
    {
        { "nothing", "", "invalid_json" },
        { "cut JSON", """{"model":"custom/m","messages":[{"role":"us""", "invalid_json" },
        { "not JSON", "model=custom/m", "invalid_json" },
        { "an array", "[]", "invalid_json" },
        { "a string", "\"custom/m\"", "invalid_json" },
        { "null", "null", "invalid_json" },
        { "two objects", $$"""{"model":"custom/m",{{Messages}}}{}""", "invalid_json" },
        { "a comment", $$"""{"model":"custom/m",/* no */{{Messages}}}""", "invalid_json" },
        { "a trailing comma", $$"""{"model":"custom/m",{{Messages}},}""", "invalid_json" },
        { "nested 10,000 deep", $$"""{"model":"custom/m",{{Messages}},"x":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}""", "invalid_json" },
        { "nested 10,000 deep and cut", $$"""{"model":"custom/m",{{Messages}},"x":{{string.Concat(Enumerable.Repeat("{\"a\":", 10_000))}}""", "invalid_json" },
        { "no messages", """{"model":"custom/m"}""", "missing_field" },
        { "messages null", """{"model":"custom/m","messages":null}""", "" },
        { "messages empty", """{"model":"custom/m","messages":[]}""", "" },
        { "messages a string", """{"model":"custom/m","messages":"Hi"}""", "invalid_value" },
        { "messages an object", """{"model":"custom/m","messages":{"role":"user"}}""", "invalid_value" },
        { "model a number", $$"""{"model":7,{{Messages}}}""", "invalid_value" },
        { "model an object", $$"""{"model":{"name":"m"},{{Messages}}}""", "invalid_value" },
        { "model twice", $$"""{"model":"custom/m","model":"custom/m",{{Messages}}}""", "invalid_value" },
        { "model twice, once escaped", $$"""{"model":"custom/m",{{Messages}},"mod\u0065l":"custom/n"}""", "invalid_value" },
        { "stream twice", $$"""{"model":"custom/m","stream":false,{{Messages}},"stream":true}""", "invalid_value" },
        { "stream a string", $$"""{"model":"custom/m","stream":"true",{{Messages}}}""", "invalid_value" },
        { "stream a number", $$"""{"model":"custom/m","stream":1,{{Messages}}}""", "invalid_value" },
        { "an unknown wish", $$"""{"model":"custom/m","llm":{"no_such_wish":1},{{Messages}}}""", "invalid_value" },
        { "a wish of the wrong type", $$"""{"model":"custom/m","llm":{"timeout_ms":"soon"},{{Messages}}}""", "invalid_value" },
        { "wishes not an object", $$"""{"model":"custom/m","llm":[],{{Messages}}}""", "invalid_value" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Body_ThatMakesNoSense_IsRefusedAndNotForwarded(string name, string body, string code)
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body);

        Assert.True(reply.Status == 400, $"{name}: {reply}");
        Expect.Error(reply, 400, code.Length > 0 ? code : reply.Json["error"]!["code"]!.ToString());
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Body_ThatIsNotUtf8_IsRefusedAndNotForwarded()
    {
        byte[] body = [.. Encoding.UTF8.GetBytes("""{"model":"custom/m","messages":[{"role":"user","content":" """), 0xC3, 0x28, 0xFF, .. Encoding.UTF8.GetBytes("\"}]}")];

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body, "application/json");

        Expect.Error(reply, 400, "invalid_json");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Model_ThatNobodyServes_Is404()
    {
        Expect.Error(await fixture.Client.ChatAsync("no-such-model"), 404, "model_not_found");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/xml")]
    public async Task ContentType_ThatIsNotJson_Is415(string contentType)
    {
        byte[] body = Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("custom/m"));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", body, contentType);

        Expect.Error(reply, 415, "unsupported_media_type");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Theory]
    [InlineData("x-llm-no-such-wish", "1")]
    [InlineData("x-llm-timeout-ms", "soon")]
    [InlineData("x-llm-fallback", "perhaps")]
    [InlineData("x-llm-retries", "-1")]
    public async Task Wish_ThatMakesNoSense_Is400NamingIt(string name, string value)
    {
        string message = Expect.Error(await fixture.Client.ChatAsync("custom/m", (name, value)), 400, "invalid_value");

        Assert.Contains(name["x-llm-".Length..], message.Replace('_', '-'), StringComparison.Ordinal);
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Theory]
    [InlineData("POST", "/v1/no/such/endpoint")]
    [InlineData("GET", "/v1/assistants")]
    public async Task Route_ThatIsNotServed_Is404(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        Reply reply = await fixture.Client.CallAsync(request);

        Expect.Error(reply, 404, "unsupported_endpoint");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Header_Of64Kilobytes_Is431InOurShape()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/m"), ("x-big", new string('a', 65_536)));

        Expect.Error(await client.ReadAnswerAsync(), 431, "headers_too_large");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_OverTheLimit_Is413ThatTheClientCanRead(bool chunked)
    {
        byte[] body = Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("custom/m", text: new string('a', 3 << 20)));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TransferEncodingChunked = chunked;

        Reply reply = await fixture.Client.CallAsync(request);

        Expect.Error(reply, 413, "body_too_large");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Body_JustUnderTheLimit_IsRead()
    {
        // Refused for its model, hence read whole, hence not for its size.
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("no-such-model", text: new string('a', (1 << 20) - 200)));

        Expect.Error(reply, 404, "model_not_found");
    }

    [Fact]
    public async Task Sender_ThatIsTooSlow_Is408()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.SendAsync(client.Head("POST", "/v1/chat/completions", 1000));
        await client.SendAsync("{\"model\":");

        Expect.Error(await client.ReadAnswerAsync(), 408, "request_timeout");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Show_SenderThatIsTooSlow_Is408()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.SendAsync(client.Head("POST", "/api/show", 1000));
        await client.SendAsync("{\"model\":");

        RawAnswer answer = await client.ReadAnswerAsync(TimeSpan.FromSeconds(15));

        Assert.Equal(408, answer.Status);
        Assert.Contains("within 1 seconds", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_BodyThatIsNoHttp_Is400()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.SendAsync($"POST /api/show HTTP/1.1\r\nHost: {client.Authority}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n");

        RawAnswer answer = await client.ReadAnswerAsync();

        Assert.Equal(400, answer.Status);
        Assert.Contains("malformed", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_CutInTheMiddle_LeavesNothingBehind(bool reset)
    {
        int line = fixture.Gateway.Logs.Count;
        for (int i = 0; i < 10; i++)
        {
            await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
            await client.SendAsync(client.Head("POST", "/v1/chat/completions", 1000));
            await client.SendAsync("{\"model\":\"custom/m\",");
            if (reset)
            {
                client.Reset();
            }
        }

        Expect.Error(await fixture.Client.ChatAsync("no-such-model"), 404, "model_not_found");
        Assert.Empty(fixture.Upstream.Calls);
        Assert.DoesNotContain(fixture.Gateway.Logs.Lines.Skip(line), l => l.Contains("Unhandled", StringComparison.OrdinalIgnoreCase) || l.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bytes_ThatAreNotHttp_AreRefused()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.SendAsync("\u0016\u0003\u0001 this is not HTTP\r\n\r\n");

        Assert.DoesNotContain("HTTP/1.1 5", await client.ReadToEndAsync(), StringComparison.Ordinal);
        using HttpResponseMessage alive = await fixture.Client.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task Multipart_WithoutItsFile_IsRefusedAndNotForwarded()
    {
        using var form = new MultipartFormDataContent { { new StringContent("custom/m"), "model" } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/transcriptions") { Content = form };

        Expect.Error(await fixture.Client.CallAsync(request), 400, "missing_field");
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Fact]
    public async Task Multipart_CutInTheMiddle_IsRefusedAndNotForwarded()
    {
        byte[] body = Encoding.UTF8.GetBytes("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ncustom/m\r\n--b\r\nContent-Disposition: form-da");

        Reply reply = await fixture.Client.PostAsync("/v1/audio/transcriptions", body, "multipart/form-data; boundary=b");

        Assert.Equal(400, reply.Status);
        Assert.Empty(fixture.Upstream.Calls);
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"custom/m"}""", "input")]
    [InlineData("/v1/completions", """{"model":"custom/m"}""", "prompt")]
    [InlineData("/v1/moderations", """{"model":"custom/m"}""", "input")]
    [InlineData("/v1/images/generations", """{"model":"custom/m"}""", "prompt")]
    [InlineData("/v1/audio/speech", """{"model":"custom/m"}""", "input")]
    [InlineData("/v1/rerank", """{"model":"custom/m"}""", "query")]
    public async Task Endpoint_WithoutItsField_NamesTheField(string path, string body, string field)
    {
        Reply reply = await fixture.Client.PostAsync(path, body);

        Expect.Error(reply, 400, "missing_field");
        Assert.Equal(field, reply.Json["error"]!["param"]!.ToString());
        Assert.Empty(fixture.Upstream.Calls);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl } },
                Limits = new { MaxBodyBytes = 1 << 20, BodySeconds = 1 },
            }),
        };
    }
}
