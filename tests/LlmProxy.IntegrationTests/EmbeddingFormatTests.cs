using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>encoding_format is held for vendors that do not know it, and tokens are counted without asking anybody.</summary>
public sealed class EmbeddingFormatTests(EmbeddingFormatTests.Fixture fixture) : IClassFixture<EmbeddingFormatTests.Fixture>
{
    private const string Numbers = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-0.5]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}""";

    [Fact]
    public async Task Base64_FromAVendorThatAnswersNumbers_ComesAsBase64()
    {
        fixture.Upstream.On("numbers", Answers.Json(Numbers));

        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"custom/numbers","input":"a","encoding_format":"base64"}""");

        Expect.Ok(reply);
        Assert.Equal("AACAPgAAAL8=", reply.Json["data"]![0]!["embedding"]!.GetValue<string>());
        Assert.Equal("base64", fixture.Upstream.CallsFor("numbers")[0].Json["encoding_format"]!.GetValue<string>());
    }

    [Fact]
    public async Task Base64_FromAVendorThatRefusesTheField_IsAskedOnceMoreWithoutIt()
    {
        fixture.Upstream.On("refuses", call => (call.Json["encoding_format"] is null
            ? Answers.Json(Numbers)
            : Answers.Error(422, "encoding_format: Extra inputs are not permitted"))(call));

        for (int i = 0; i < 2; i++)
        {
            Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"refuser","input":"a","encoding_format":"base64"}""");
            Expect.Ok(reply);
            Assert.Equal("AACAPgAAAL8=", reply.Json["data"]![0]!["embedding"]!.GetValue<string>());
            Assert.Null(reply.Header("x-llm-dropped-params"));
        }

        // Refused, asked again; the second call has learnt.
        Assert.Equal(3, fixture.Upstream.CallsFor("refuses").Count);
    }

    [Fact]
    public async Task Format_ThatNobodyKnows_IsTheVendorsToRefuse()
    {
        fixture.Upstream.On("strange", Answers.Error(400, "encoding_format must be float or base64"));

        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"custom/strange","input":"a","encoding_format":"md5"}""");

        Assert.Equal(400, reply.Status);
        Assert.Single(fixture.Upstream.CallsFor("strange"));
    }

    [Fact]
    public async Task CountTokens_OverAVendorThatCannotCount_SendsItNothing()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/messages/count_tokens", """{"model":"custom/gpt-4o","messages":[{"role":"user","content":"Hello world"}]}""");

        Expect.Ok(reply);
        Assert.Equal(3 + 1 + 2 + 3, reply.Json["input_tokens"]!.GetValue<int>());
        Assert.Empty(fixture.Upstream.CallsFor("gpt-4o"));
    }

    [Fact]
    public async Task CountTokens_OverVllm_AsksItsTokenizer()
    {
        fixture.Upstream.On("qwen", Answers.Json("""{"count":42,"max_model_len":4096,"tokens":[]}"""));

        Reply reply = await fixture.Client.PostAsync("/v1/messages/count_tokens", """{"model":"gpu","messages":[{"role":"user","content":"Hello world"}]}""");

        Expect.Ok(reply);
        Assert.Equal(42, reply.Json["input_tokens"]!.GetValue<int>());
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("qwen"));
        Assert.Equal("/tokenize", call.Path);
        Assert.Equal("Hello world", call.Json["messages"]![0]!["content"]!.GetValue<string>());
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                    new { Name = "refuser", Provider = "custom", Model = "refuses", Upstream.BaseUrl },
                    new { Name = "gpu", Provider = "vllm", Model = "qwen", Upstream.BaseUrl },
                },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
