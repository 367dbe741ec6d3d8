using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Accounting;

public sealed class UnitPricesTests
{
    private const string Picture = """{"model":"m","prompt":"a cat"}""";

    private static readonly RouteTarget Paid = Turns.Target("openai", change: llm => (llm.PricePerImage, llm.PricePerMillionCharacters, llm.PricePerMinute) = (0.04m, 15m, 0.006m));

    [Theory]
    [InlineData("""{"created":1,"data":[{"b64_json":"YQ=="},{"url":"https://x.example/[1].png"}],"usage":{"data":[1,2,3]}}""", 2)]
    [InlineData("""{"created":1,"data":[]}""", 0)]
    [InlineData("""{"created":1}""", 0)]
    [InlineData("""{"created":1,"data":{"b64_json":"YQ=="}}""", 0)]
    [InlineData("not JSON", 0)]
    public void Pictures_ArePaidByThePiece(string answer, int pieces) =>
        Assert.Equal(0.04m * pieces, Cost(Turns.Exchange(Picture, EndpointKind.Images), answer));

    [Theory]
    [InlineData("Hello", 5)]
    [InlineData("", 0)]
    [InlineData("Gr\\u00fc\\u00dfe", 5)]
    [InlineData("Grüße", 5)]
    [InlineData("a\\n\\\"b", 4)]
    [InlineData("\\ud83d\\ude80", 1)]
    [InlineData("🚀", 1)]
    public void Speech_IsPaidByTheLetter(string input, int letters) =>
        Assert.Equal(15m * letters / 1_000_000m, Cost(Speech(input), ""));

    [Fact]
    public void Speech_OfHalfACharacter_IsPaidToo() =>
        Assert.True(Cost(Speech("abc\\ud83d"), "") >= 15m * 4 / 1_000_000m);

    [Theory]
    [InlineData("""{"text":"hi","usage":{"type":"duration","seconds":90}}""", 90)]
    [InlineData("""{"text":"\"seconds\":5","usage":{"type":"duration","seconds":90}}""", 90)]
    [InlineData("""{"task":"transcribe","language":"english","duration":8.5,"text":"hi"}""", 8.5)]
    [InlineData("""{"task":"transcribe","duration":"8.470000267028809","text":"hi"}""", 8.470000267028809)]
    [InlineData("""{"duration":100,"text":"hi","usage":{"type":"duration","seconds":12}}""", 12)]
    public void Transcripts_ArePaidByTheMinute(string answer, double seconds) =>
        Assert.Equal(0.006m * (decimal)seconds / 60m, Cost(Transcript(), answer)!.Value, 12);

    [Theory]
    [InlineData("""{"text":"hi","usage":{"type":"tokens","input_tokens":14,"output_tokens":2,"total_tokens":16}}""")]
    [InlineData("1\n00:00:00,000 --> 00:00:02,000\nhi\n")]
    [InlineData("""{"duration":null}""")]
    public void Transcript_ThatDoesNotSayHowLongItIs_HasNoUnitCost(string answer) => Assert.Null(Cost(Transcript(), answer));

    [Fact]
    public void Llm_WithoutSuchAPrice_HasNoUnitCost()
    {
        RouteTarget free = Turns.Target("openai");

        Assert.Null(UnitPrices.Cost(Turns.Exchange(Picture, EndpointKind.Images), free, """{"data":[1]}"""u8));
        Assert.Null(UnitPrices.Cost(Speech("Hello"), free, default));
        Assert.Null(UnitPrices.Cost(Transcript(), free, """{"duration":3}"""u8));
    }

    [Fact]
    public void Conversation_HasNoUnitCost() =>
        Assert.Null(Cost(Turns.Exchange("""{"model":"m","messages":[{"role":"user","content":"hi"}]}"""), """{"data":[1],"duration":3}"""));

    private static decimal? Cost(Exchange exchange, string answer) => UnitPrices.Cost(exchange, Paid, Encoding.UTF8.GetBytes(answer));

    private static Exchange Speech(string input) => Turns.Exchange($$"""{"model":"m","voice":"alloy","input":"{{input}}"}""", EndpointKind.Speech);

    /// <summary>Its form is of no account here.</summary>
    private static Exchange Transcript() =>
        new(new DefaultHttpContext(), EndpointKind.Transcriptions, Turns.Exchange(Picture, EndpointKind.Images).Snapshot, TimeProvider.System, new BufferBudget(), new Shutdown(TimeProvider.System));
}
