using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class RouteTraceTests
{
    private readonly Plans _plans = new Plans()
        .With("gpt", o => (o.Quality, o.InputPricePerMillion, o.OutputPricePerMillion) = (90, 2m, 8m))
        .With("mini", o => (o.Quality, o.InputPricePerMillion, o.OutputPricePerMillion) = (60, 0.1m, 0.4m))
        .With("texts", o => o.Capabilities = ["tools"])
        .With("hidden", o => o.Scope = "team-b")
        .With("barred");

    [Fact]
    public void Trace_TellsCandidatesRemovalsScoresAndOrder()
    {
        JsonNode trace = Explain("auto:cost_optimized", all: true, body: """{"messages":[{"content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""");

        Assert.Equal("cost_optimized", (string?)trace["strategy"]);
        Assert.Equal(["mini", "gpt", "barred"], trace["order"]!.AsArray().Select(n => (string?)n));
        Assert.True((bool)trace["needs"]!["images"]!);
        Assert.Equal("images", (string?)Candidate(trace, "texts")!["removed"]!["reason"]);
        Assert.Equal("scope", (string?)Candidate(trace, "hidden")!["removed"]!["reason"]);
        Assert.InRange((double)Candidate(trace, "gpt")!["score"]!, 0.007, 0.009);
        Assert.Equal((double)Candidate(trace, "gpt")!["score"]!, (double)Candidate(trace, "gpt")!["parts"]!["cost_usd"]!, 6);
        Assert.Null(Candidate(trace, "barred")!["score"]); // No price, no number.
    }

    [Fact]
    public void Trace_ForACaller_LeavesOutWhatItMayNotKnow()
    {
        _plans.Caller = new Caller(new KeyOptions { Name = "k", AllowedModels = ["gpt", "mini"] });

        JsonNode trace = Explain("auto:quality_optimized", all: false);

        Assert.Equal(["gpt", "mini"], trace["candidates"]!.AsArray().Select(c => (string?)c!["name"]).Order());
        Assert.NotNull(Candidate(Explain("auto:quality_optimized", all: true), "barred"));
    }

    [Fact]
    public void Trace_OfARefusal_StillTellsWhatRemovedEach()
    {
        JsonNode trace = Explain("auto", all: true, wishes: new Wishes { Capabilities = ["code"] });

        Assert.Empty(trace["order"]!.AsArray());
        Assert.Equal("capability", (string?)Candidate(trace, "gpt")!["removed"]!["reason"]);
    }

    [Theory]
    [InlineData("auto:priority", "priority")]
    [InlineData("auto", null)]
    [InlineData("gpt", null)]
    [InlineData("auto:weighted", "weighted")]
    public void Trace_NamesItsStrategy(string model, string? strategy) => Assert.Equal(strategy, (string?)Explain(model, all: true)["strategy"]);

    [Fact]
    public void Trace_IsOfTheVeryPlan()
    {
        var trace = new RouteTrace();
        RoutePlan plan = _plans.Plan("auto:weighted", trace: trace);

        Assert.Equal(plan.Targets.Select(t => t.Deployment.Name), JsonNode.Parse(trace.ToString())!["order"]!.AsArray().Select(n => (string?)n));
    }

    private JsonNode Explain(string model, bool all, Wishes? wishes = null, string? body = null)
    {
        var trace = new RouteTrace();
        _ = _plans.Plan(model, wishes, body, trace: trace);
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text))
        {
            trace.Write(json, all);
        }

        return JsonNode.Parse(text.WrittenSpan)!;
    }

    private static JsonNode? Candidate(JsonNode trace, string name) => trace["candidates"]!.AsArray().FirstOrDefault(c => (string?)c!["name"] == name);
}
