using System.Text;
using LlmProxy.TestKit;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.IntegrationTests;

/// <summary>/pass/{llm}/…: anything else of one vendor's API, with its credentials and our keys and limits.</summary>
public sealed class PassTests(PassTests.Fixture fixture) : IClassFixture<PassTests.Fixture>
{
    private const string Key = "sk-pass-caller-0123456789";
    private const string Narrow = "sk-pass-narrow-0123456789";
    private const string House = "sk-pass-house-0123456789";
    private const string Rare = "sk-pass-rare-0123456789";
    private const string Thrifty = "sk-pass-thrifty-0123456789";
    private const string VendorKey = "sk-the-vendors-own-key-1234";

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("POST")]
    public async Task Call_OfAnyMethod_ReachesTheVendorWithItsCredential(string method)
    {
        string path = $"/files/a%20b/{method}";
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/pass/vendor{path}?limit=2&after=x%2Fy");
        request.Headers.Add("x-api-key", Key);
        request.Headers.Add("Cookie", "secret=1");
        request.Headers.Add("anthropic-beta", "files");
        if (method == "POST")
        {
            request.Content = new StringContent("{\"purpose\":\"x\"}", Encoding.UTF8, "application/json");
        }

        Reply reply = await fixture.Client.CallAsync(request);

        Assert.Equal("{\"seen\":true}", reply.Text);
        UpstreamCall call = Assert.Single(fixture.Upstream.All, c => c.Path.EndsWith("/a b/" + method, StringComparison.Ordinal));
        Assert.Equal((method, "/v1/files/a b/" + method, "?limit=2&after=x%2Fy"), (call.Method, call.Path, call.Query));
        Assert.Equal("Bearer " + VendorKey, call.Header("Authorization"));
        Assert.Equal("files", call.Header("anthropic-beta"));
        Assert.DoesNotContain(call.Headers, h => h.Key is "Cookie" or "x-api-key" || h.Value.Contains(Key, StringComparison.Ordinal));
        Assert.Equal(method == "POST" ? "{\"purpose\":\"x\"}" : "", call.Text);
        Assert.Equal(("vendor", "vendor-1"), (reply.Header("x-llm-model"), reply.Header("x-llm-provider-request-id")));
        Assert.Null(reply.Header("set-cookie"));
    }

    [Fact]
    public async Task Stream_ComesEventByEvent()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync("/pass/vendor/stream", "{}", ("x-api-key", Key));

        Assert.Equal("text/event-stream", reply.MediaType);
        Assert.Equal(["one", "two"], await reply.Events.RestAsync());
    }

    [Fact]
    public async Task VendorsOwnRefusal_KeepsItsStatusAndBody()
    {
        Reply reply = await fixture.Client.FetchAsync("/pass/vendor/missing", ("x-api-key", Key));

        Assert.Equal((404, "{\"error\":\"none\"}"), (reply.Status, reply.Text));
    }

    [Fact]
    public async Task VendorRefusesOurKey_IsNotTheCallers401()
    {
        string message = Expect.Error(await fixture.Client.FetchAsync("/pass/vendor/unauthorized", ("x-api-key", Key)), 502, "provider_auth_failed");

        Assert.DoesNotContain(VendorKey, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/pass/nobody/files", Key, 404, "model_not_found")]
    [InlineData("/pass/vendor/files", "sk-no-such-key-0123456789", 401, "invalid_api_key")]
    [InlineData("/pass/vendor/files", House, 403, "external_not_allowed")]
    [InlineData("/pass/other/files", Narrow, 403, "model_not_allowed")]
    [InlineData("/pass/gone/files", Key, 502, "provider_unreachable")]
    [InlineData("/pass/keyless/files", Key, 503, "no_healthy_provider")]
    [InlineData("/pass/vendor/models/another-model:run", Narrow, 403, "model_not_allowed")]
    public async Task Call_ThatMayNotBe_IsRefused(string path, string key, int status, string code)
    {
        Expect.Error(await fixture.Client.FetchAsync(path, ("x-api-key", key)), status, code);
    }

    [Fact]
    public async Task NarrowKey_NamesAnotherModelInTheBody_IsRefused()
    {
        Expect.Error(await fixture.Client.PostAsync("/pass/vendor/chat/completions", """{"model":"another-model"}""", ("x-api-key", Narrow)), 403, "model_not_allowed");
        Expect.Error(await fixture.Client.PostAsync("/pass/vendor/chat/completions", "model=another-model"u8.ToArray(), "text/plain", ("x-api-key", Narrow)), 403, "model_not_allowed");

        Expect.Ok(await fixture.Client.PostAsync("/pass/vendor/own", """{"model":"vendor-model"}""", ("x-api-key", Narrow)));
        Assert.Equal("""{"model":"vendor-model"}""", Assert.Single(fixture.Upstream.All, c => c.Path == "/v1/own").Text);
    }

    [Theory]
    [InlineData("""{"requests":[{"params":{"model":"vendor-model"}},{"params":{"model":"another-model"}}]}""", false)]
    [InlineData("""{"requests":[{"params":{"model":"vendor-model"}},{"params":{"model":"models/vendor-model"}}]}""", true)]
    [InlineData("""{"Model":"another-model"}""", false)]
    [InlineData("""{"model":"vendor-model","model":"another-model"}""", false)]
    [InlineData("""{"models":["vendor-model","another-model"]}""", false)]
    [InlineData("""{"tools":[{"schema":{"properties":{"model":{"type":"string"}}}}],"name":"another-model"}""", true)]
    public async Task NarrowKey_NamesModelsAnywhereInTheBody_AllMustBeItsOwn(string body, bool isAllowed)
    {
        Reply reply = await fixture.Client.PostAsync("/pass/vendor/messages/batches", body, ("x-api-key", Narrow));

        if (isAllowed)
        {
            Expect.Ok(reply);
        }
        else
        {
            Expect.Error(reply, 403, "model_not_allowed");
            Assert.DoesNotContain(fixture.Upstream.All, call => call.Text == body);
        }
    }

    [Fact]
    public async Task NarrowKey_BodyThatCannotBeRead_IsRefused() =>
        Expect.Error(await fixture.Client.PostAsync("/pass/vendor/messages", """{"model":"vendor-model"} {}""", ("x-api-key", Narrow)), 400, "invalid_json");

    [Theory]
    [InlineData("/pass/colon/model/anthropic.claude-3-haiku-20240307-v1:0/invoke", true)]
    [InlineData("/pass/colon/model/anthropic.claude-3-haiku-20240307-v1:1/invoke", false)]
    [InlineData("/pass/vendor/models/vendor-model:countTokens", true)]
    [InlineData("/pass/vendor/models/vendor-model/models/another-model", false)]
    [InlineData("/pass/vendor/tunedModels/another-model:generateContent", false)]
    public async Task NarrowKey_NamesAModelInThePath_ItMustBeItsOwn(string path, bool isAllowed)
    {
        Reply reply = await fixture.Client.FetchAsync(path, ("x-api-key", Narrow));

        if (isAllowed)
        {
            Expect.Ok(reply);
        }
        else
        {
            Expect.Error(reply, 403, "model_not_allowed");
        }
    }

    [Theory]
    [InlineData("""{"model":"llama3","model":"gpt-oss:20b-cloud"}""")]
    [InlineData("""{"Model":"gpt-oss:20b-cloud"}""")]
    [InlineData("""{"\u006dodel":"gpt-oss:20b-cloud"}""")]
    [InlineData("""{"model":"gpt-oss:20b-cloud","prompt":"\u00ff, and not UTF-8: ÿ"}""")]
    [InlineData("""{"model":"gpt-oss:20b-cloud"} and more""")]
    [InlineData("""{"model":"gpt-oss:20b-cloud",}""")]
    [InlineData("""{"name":"gpt-oss:20b-cloud"}""")]
    [InlineData("""{"model":"glm-4.6:cloud"}""")]
    [InlineData("""{"model":"mine","from":"gpt-oss:20b-cloud"}""")]
    [InlineData("""{"\u017fource":"gpt-oss:20b-cloud","destination":"mine"}""")]
    public async Task HouseKey_WhatMayNameACloudModel_DoesNotReachOllama(string body)
    {
        byte[] sent = Encoding.Latin1.GetBytes(body);

        Expect.Error(await fixture.Client.PostAsync("/pass/ollama/api/chat", sent, "text/plain", ("x-api-key", House)), 403, "external_not_allowed");

        Assert.DoesNotContain(fixture.Upstream.All, call => call.Body.AsSpan().SequenceEqual(sent));
    }

    [Theory]
    [InlineData("/api/chat", """{"model":"llama3","messages":[{"name":"next-cloud","content":"gpt-oss:20b-cloud"}]}""")]
    [InlineData("/api/blobs/sha256:0123", "{\"model\":\"a piece of a model")]
    [InlineData("/api/chat", "")]
    public async Task HouseKey_WhatNamesNoCloudModel_ReachesOllama(string path, string body) =>
        Expect.Ok(await fixture.Client.PostAsync("/pass/ollama" + path, body, ("x-api-key", House)));

    [Fact]
    public async Task KeysLimit_HoldsHereToo()
    {
        Expect.Ok(await fixture.Client.FetchAsync("/pass/vendor/first", ("x-api-key", Rare)));
        Expect.Error(await fixture.Client.FetchAsync("/pass/vendor/second", ("x-api-key", Rare)), 429, "rate_limit_exceeded");
    }

    [Fact]
    public async Task KeyWithABudget_ReachesOnlyWhatHasAPrice()
    {
        Expect.Error(await fixture.Client.FetchAsync("/pass/vendor/files", ("x-api-key", Thrifty)), 429, "insufficient_quota");

        Expect.Ok(await fixture.Client.FetchAsync("/pass/priced/files", ("x-api-key", Thrifty)));
        Expect.Ok(await fixture.Client.FetchAsync("/pass/vendor/files", ("x-api-key", Key)));
    }

    [Fact]
    public async Task Call_LeavesItsLineInTheLogAndItsCountInTheMetrics()
    {
        int from = fixture.Gateway.Logs.Count;
        Reply reply = await fixture.Client.FetchAsync("/pass/vendor/logged", ("x-api-key", Key));
        string line = await fixture.Gateway.Logs.WaitForAsync(reply.Header("x-request-id")!, from);

        Assert.Contains("pass", line, StringComparison.Ordinal);
        Assert.Contains("llm_requests_total{backend=\"custom\",model=\"vendor\",status=\"200\"}", (await fixture.Client.FetchAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    public sealed class Fixture : GatewayFixture, IDisposable
    {
        private readonly ClosedPort _closed = new();

        public void Dispose() => _closed.Dispose();

        protected override GatewaySettings Settings()
        {
            Upstream.Always(AnswerAsync);
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[]
                    {
                        new { Name = "pass", Key },
                        new { Name = "narrow", Key = Narrow, AllowedModels = new[] { "vendor", "colon" } },
                        new { Name = "house", Key = House, AllowExternal = false },
                        new { Name = "rare", Key = Rare, RequestsPerMinute = 1 },
                        new { Name = "thrifty", Key = Thrifty, BudgetUsd = 1 },
                    },
                    Limits = new { Unpriced = "refuse" },
                    Llms = new object[]
                    {
                        new { Name = "vendor", Provider = "custom", Model = "vendor-model", Upstream.BaseUrl, Auth = new { api_key = VendorKey } },
                        new { Name = "colon", Provider = "custom", Model = "anthropic.claude-3-haiku-20240307-v1:0", Upstream.BaseUrl },
                        new { Name = "ollama", Provider = "ollama", Model = "llama3", BaseUrl = Upstream.Address },
                        new { Name = "other", Provider = "custom", Model = "other-model", Upstream.BaseUrl },
                        new { Name = "priced", Provider = "custom", Model = "priced-model", Upstream.BaseUrl, InputPricePerMillion = 1, OutputPricePerMillion = 1 },
                        new { Name = "gone", Provider = "custom", Model = "gone", BaseUrl = _closed.Address + "/v1" },
                        new { Name = "keyless", Provider = "openai", Model = "gpt-4o", Auth = new { api_key_env = "NOT_THERE_AT_ALL" } },
                    },
                }),
            };
        }

        private static async Task AnswerAsync(UpstreamCall call)
        {
            HttpResponse response = call.Http.Response;
            response.Headers["x-request-id"] = "vendor-1";
            response.Headers.SetCookie = "a=b";
            switch (call.Path)
            {
                case "/v1/stream":
                    await Answers.Sse(Step.Send("data: one\n\n"), Step.Send("data: two\n\n"))(call);
                    break;
                case "/v1/missing":
                    await Answers.Json("""{"error":"none"}""", 404)(call);
                    break;
                case "/v1/unauthorized":
                    await Answers.Error(401, "Incorrect API key provided: " + VendorKey, "invalid_api_key")(call);
                    break;
                default:
                    await Answers.Json("""{"seen":true}""")(call);
                    break;
            }
        }
    }
}
