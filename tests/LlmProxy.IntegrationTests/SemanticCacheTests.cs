using System.Globalization;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.IntegrationTests;

/// <summary>Questions that mean the same: who gets whose answer, who may read a prompt to find out, and what it costs when nobody can.</summary>
public sealed class SemanticCacheTests(SemanticCacheTests.Fixture fixture) : IClassFixture<SemanticCacheTests.Fixture>
{
    [Fact]
    public async Task Question_InOtherWords_HasTheKnownAnswerAndItsScore()
    {
        await AskAsync("meaning", "What is the capital of France? 1");

        Reply near = await AskAsync("meaning", "Which city is France's capital? 1");
        Reply stream = await AskAsync("meaning", "Name the capital of France. 1", "\"stream\":true");
        Reply far = await AskAsync("meaning", "How do I bake bread? 2");

        Assert.Equal("semantic", near.Header("x-llm-cache"));
        Assert.Equal(OpenAiAnswers.Text, near.Content);
        Assert.InRange(double.Parse(near.Header("x-llm-cache-score")!, CultureInfo.InvariantCulture), 0.95, 1);
        Assert.NotNull(near.Header("age"));
        Assert.Equal("0", near.Header("x-llm-cost-usd"));
        Assert.Equal("semantic", stream.Header("x-llm-cache"));
        Assert.Equal(OpenAiAnswers.Text, ChatAccumulator.Stream(ChatAccumulator.DataOf(stream.Text), askedForUsage: false).Text);
        Assert.Equal("miss", far.Header("x-llm-cache"));
        Assert.Equal(2, fixture.Upstream.CallsFor("meaning").Count);
    }

    [Theory]
    [InlineData("\"temperature\":0.5")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]")]
    [InlineData("\"n\":2")]
    public async Task Call_ThatAsksForMore_IsAnotherCall(string more)
    {
        string model = $"more-{more.Length}";
        await AskAsync(model, "First wording 1");

        Assert.Equal("miss", (await AskAsync(model, "Second wording 1", more)).Header("x-llm-cache"));
    }

    [Fact]
    public async Task WorkspaceThatDidNotAskForIt_IsNotEmbedded()
    {
        int before = fixture.Other.Calls.Count;
        await AskAsync("elsewhere", "First wording 1", key: Fixture.Elsewhere);

        Reply reply = await AskAsync("elsewhere", "Second wording 1", key: Fixture.Elsewhere);

        Assert.Equal("miss", reply.Header("x-llm-cache"));
        Assert.DoesNotContain(fixture.Other.Calls.Skip(before), call => call.Text.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PromptThatMustStay_IsShownToNoEmbedderOutside()
    {
        Reply wished = await fixture.Client.PostAsync("/v1/chat/completions", Body("home", "Secret by wish 1"), ("x-api-key", Fixture.Meaning), ("x-llm-local-only", "true"));
        Reply held = await fixture.Client.PostAsync("/v1/chat/completions", Body("home", "Secret by key 1"), ("x-api-key", Fixture.Held));
        Reply local = await fixture.Client.PostAsync("/v1/chat/completions", Body("home", "Secret by choice 1"), ("x-api-key", Fixture.Meaning));

        Assert.All([wished, held, local], Expect.Ok);
        Assert.DoesNotContain(fixture.Other.Calls, call => call.Text.Contains("Secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("broken")]
    [InlineData("silent")]
    [InlineData("strange")]
    public async Task Embedder_OfNoUse_IsAPlainMiss(string how)
    {
        Reply reply = await AskAsync("robust", $"Embedder is {how} 1");

        Assert.Equal(("miss", OpenAiAnswers.Text), (reply.Header("x-llm-cache"), reply.Content));
    }

    private Task<Reply> AskAsync(string model, string text, string more = "", string key = Fixture.Meaning) =>
        fixture.Client.PostAsync("/v1/chat/completions", Body("custom/" + model, text, more), ("x-api-key", key));

    private static string Body(string model, string text, string more = "") => GatewayCalls.ChatBody(model, more, text);

    public sealed class Fixture : GatewayFixture
    {
        public const string Meaning = "sk-meaning-0123456789-0123456789";
        public const string Elsewhere = "sk-elsewhere-0123456789-0123456789";
        public const string Held = "sk-held-at-home-0123456789-0123456789";

        protected override GatewaySettings Settings()
        {
            Other.Always(EmbedAsync);
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[]
                    {
                        new { Name = "meaning", Key = Meaning, Workspace = "meaning" },
                        new { Name = "held", Key = Held, Workspace = "meaning", AllowExternal = false },
                        new { Name = "elsewhere", Key = Elsewhere, Workspace = "elsewhere" },
                    },
                    Llms = new object[]
                    {
                        new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                        new { Name = "home", Provider = "custom", Model = "home", Upstream.BaseUrl, Local = true },
                        new { Name = "embedder", Provider = "custom", Model = "vectors", Other.BaseUrl, Endpoints = new[] { "embeddings" } },
                    },
                    Cache = new { Enabled = true, Semantic = new { Workspaces = new[] { "meaning" }, TimeoutMs = 5000 } },
                    Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
                }),
            };
        }

        /// <summary>The number at a text's end says what it means; its letters turn the vector by a little.</summary>
        private static Task EmbedAsync(UpstreamCall call)
        {
            string text = call.Method == "POST" ? call.Json["input"]!.ToString() : "";
            if (text.Contains("broken", StringComparison.Ordinal))
            {
                return Answers.Error(500, "Broken")(call);
            }

            if (text.Contains("silent", StringComparison.Ordinal))
            {
                return Answers.HangBeforeHeaders(call);
            }

            if (text.Contains("strange", StringComparison.Ordinal))
            {
                return Answers.Json("""{"data":[{"embedding":[0,0]}]}""")(call);
            }

            double angle = (text.EndsWith('1') ? 0 : 1.2) + (text.Length * 0.002);
            var vector = new JsonArray(Math.Cos(angle), Math.Sin(angle));
            return Answers.Json($$$"""{"object":"list","model":"vectors","data":[{"object":"embedding","index":0,"embedding":{{{vector.ToJsonString()}}}}],"usage":{"prompt_tokens":5,"total_tokens":5}}""")(call);
        }
    }
}
