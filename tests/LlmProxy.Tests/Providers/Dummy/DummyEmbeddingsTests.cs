using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyEmbeddingsTests
{
    [Fact]
    public async Task Embed_SameText_HasTheSameUnitVectorEveryTime()
    {
        float[] one = Vector(await Post("{\"input\":\"hello world\"}"));
        float[] two = Vector(await Post("{\"input\":\"hello world\"}"));

        Assert.Equal(one, two);
        Assert.Equal(256, one.Length);
        Assert.Equal(1, one.Sum(x => (double)x * x), 3);
    }

    [Fact]
    public async Task Embed_TextsThatShareWords_AreNearer()
    {
        float[] cats = Vector(await Post("{\"input\":\"the cat sat on the mat\"}"));
        float[] cat = Vector(await Post("{\"input\":\"a cat sat on a mat\"}"));
        float[] money = Vector(await Post("{\"input\":\"quarterly revenue grew strongly\"}"));

        Assert.True(Dot(cats, cat) > Dot(cats, money) + 0.2);
        Assert.NotEqual(Vector(await Post("{\"input\":\"a b\"}")), Vector(await Post("{\"input\":\"b a\"}")));
    }

    [Fact]
    public async Task Embed_Base64_HoldsTheSameFloats()
    {
        float[] plain = Vector(await Post("{\"input\":\"x\",\"dimensions\":8}"));
        byte[] bytes = Convert.FromBase64String((string)(await Post("{\"input\":\"x\",\"dimensions\":8,\"encoding_format\":\"base64\"}"))["data"]![0]!["embedding"]!);

        Assert.Equal(plain, Enumerable.Range(0, 8).Select(i => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4))));
    }

    [Theory]
    [InlineData("[\"a\",\"b\",\"c\"]", 3)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    [InlineData("\"a\"", 1)]
    public async Task Embed_EveryFormOfInput_HasOneVectorEach(string input, int count)
    {
        JsonNode answer = await Post($"{{\"model\":\"e\",\"input\":{input}}}");

        Assert.Equal(Enumerable.Range(0, count), answer["data"]!.AsArray().Select(d => (int)d!["index"]!));
        Assert.Equal("e", (string?)answer["model"]);
        Assert.True((int)answer["usage"]!["total_tokens"]! > 0);
    }

    [Fact]
    public async Task Embed_TokensOfOneArray_AreCountedExactly() =>
        Assert.Equal(3, (int?)(await Post("{\"input\":[5,6,7]}"))["usage"]!["prompt_tokens"]);

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("{\"input\":[]}", "input")]
    [InlineData("{\"input\":[[]]}", "input")]
    [InlineData("{\"input\":{\"a\":1}}", "input")]
    [InlineData("{\"input\":\"a\",\"dimensions\":0}", "dimensions")]
    [InlineData("{\"input\":\"a\",\"encoding_format\":\"int8\"}", "encoding_format")]
    public async Task Embed_BadInput_IsRefused(string json, string param) =>
        Assert.Equal(param, (string?)(await new DummyClient().RefusedAsync("embeddings", json))["param"]);

    private static Task<JsonNode> Post(string json) => new DummyClient().PostAsync("embeddings", json);

    private static float[] Vector(JsonNode answer) => [.. answer["data"]![0]!["embedding"]!.AsArray().Select(x => (float)x!)];

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
