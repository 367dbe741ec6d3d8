using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyToolsTests
{
    private const string Tools = """
        "tools":[
          {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string","enum":["c","f"]},"days":{"type":"integer"}},"required":["city","unit"]}}},
          {"type":"function","function":{"name":"get_time","parameters":{"type":"object","properties":{}}}},
          {"type":"function","function":{"name":"now"}}]
        """;

    [Fact]
    public async Task Auto_UserNamesATool_CallsIt()
    {
        JsonNode choice = await Choice($"{{{Tools},{Ask("please call get_weather for Paris")}}}");
        JsonNode call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!;

        Assert.Equal("tool_calls", (string?)choice["finish_reason"]);
        Assert.Null(choice["message"]!["content"]);
        Assert.Equal("get_weather", (string?)call["function"]!["name"]);
        Assert.Equal("""{"city":"city","unit":"c"}""", (string?)call["function"]!["arguments"]);
        Assert.StartsWith("call_", (string?)call["id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_UserNamesSeveral_CallsThemInParallel()
    {
        JsonArray calls = (await Choice($"{{{Tools},{Ask("get_time and get_weather!")}}}"))["message"]!["tool_calls"]!.AsArray();

        Assert.Equal(["get_weather", "get_time"], calls.Select(c => (string?)c!["function"]!["name"]));
        Assert.Equal(2, calls.Select(c => (string?)c!["id"]).Distinct().Count());
    }

    [Fact]
    public async Task Auto_ParallelForbidden_CallsOne() =>
        Assert.Single((await Choice($"{{\"parallel_tool_calls\":false,{Tools},{Ask("get_time and get_weather!")}}}"))["message"]!["tool_calls"]!.AsArray());

    [Theory]
    [InlineData("hello")]
    [InlineData("what is get_weather_data?")]
    [InlineData("do you know")]
    public async Task Auto_NoToolNamed_AnswersWithText(string asked) =>
        Assert.Equal("stop", (string?)(await Choice($"{{{Tools},{Ask(asked)}}}"))["finish_reason"]);

    [Fact]
    public async Task Auto_AnyToolAsked_CallsTheFirst() =>
        Assert.Equal("get_weather", (string?)(await Choice($"{{{Tools},{Ask("Call a tool, please")}}}"))["message"]!["tool_calls"]![0]!["function"]!["name"]);

    [Fact]
    public async Task Required_NothingNamed_CallsTheFirst() =>
        Assert.Equal("get_weather", (string?)(await Choice($"{{\"tool_choice\":\"required\",{Tools},{Ask("hello")}}}"))["message"]!["tool_calls"]![0]!["function"]!["name"]);

    [Fact]
    public async Task Named_TheOne_IsCalled()
    {
        JsonNode call = (await Choice($"{{\"tool_choice\":{{\"type\":\"function\",\"function\":{{\"name\":\"now\"}}}},{Tools},{Ask("hello")}}}"))["message"]!["tool_calls"]![0]!;

        Assert.Equal("now", (string?)call["function"]!["name"]);
        Assert.Equal("{}", (string?)call["function"]!["arguments"]);
    }

    [Fact]
    public async Task Named_UnknownTool_IsRefused() => Assert.Equal(
        "tool_choice",
        (string?)(await new DummyClient().RefusedAsync("chat/completions", $"{{\"tool_choice\":{{\"type\":\"function\",\"function\":{{\"name\":\"none\"}}}},{Tools},{Ask("hello")}}}"))["param"]);

    [Fact]
    public async Task None_EvenWhenNamed_AnswersWithText() =>
        Assert.Equal("stop", (string?)(await Choice($"{{\"tool_choice\":\"none\",{Tools},{Ask("get_weather")}}}"))["finish_reason"]);

    [Fact]
    public async Task Auto_AfterTheToolsAnswer_EndsTheLoopWithText()
    {
        JsonNode choice = await Choice($$"""{{{Tools}},"messages":[{"role":"user","content":"get_weather"},{"role":"assistant","tool_calls":[]},{"role":"tool","tool_call_id":"1","content":"21 degrees"}]}""");

        Assert.Equal("stop", (string?)choice["finish_reason"]);
        Assert.Contains("The tool answered: 21 degrees", (string?)choice["message"]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ParallelCalls_ArriveAsDeltasThatJoin()
    {
        List<JsonNode> chunks = DummyClient.Chunks(await new DummyClient().StreamAsync("chat/completions", $"{{\"stream\":true,{Tools},{Ask("get_weather get_time")}}}"));
        var names = new Dictionary<int, string?>();
        var arguments = new Dictionary<int, string>();
        foreach (JsonNode delta in chunks.SelectMany(c => c["choices"]![0]!["delta"]!["tool_calls"]?.AsArray().Select(t => t!) ?? []))
        {
            int index = (int)delta["index"]!;
            names.TryAdd(index, (string?)delta["function"]!["name"]);
            arguments[index] = arguments.GetValueOrDefault(index) + (string?)delta["function"]!["arguments"];
        }

        Assert.Equal(["get_weather", "get_time"], names.OrderBy(n => n.Key).Select(n => n.Value));
        Assert.Equal("""{"city":"city","unit":"c"}""", arguments[0]);
        Assert.Equal("{}", arguments[1]);
        Assert.Equal("tool_calls", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
        Assert.True(chunks.Count > 6);
    }

    private static string Ask(string text) => $"\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]";

    private static async Task<JsonNode> Choice(string json) => (await new DummyClient().PostAsync("chat/completions", json))["choices"]![0]!;
}
