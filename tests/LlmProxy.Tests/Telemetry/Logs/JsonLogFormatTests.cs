using System.Text.Json;
using LlmProxy.Telemetry.Logs;
using Serilog.Events;
using static LlmProxy.Tests.Telemetry.Logs.LogSamples;

namespace LlmProxy.Tests.Telemetry.Logs;

public sealed class JsonLogFormatTests
{
    private readonly JsonLogFormat _format = new();

    [Fact]
    public void Call_Streamed_CarriesEachFieldByItsNameInTheLedger() => AssertJson(
        """
        {"timestamp":"2026-03-04T12:00:00.123Z","level":"Information","message":"chat gpt-4o → gpt-4o-eu 200","category":"LlmProxy.Request",
         "id":"0199a1b2","client_request_id":"mine-1","endpoint":"chat","key":"ci","workspace":"team-a","end_user":"ann","requested_model":"gpt-4o",
         "llm":"gpt-4o-eu","provider":"openai","provider_request_id":"req_9","status":200,"outcome":"success","attempts":1,
         "input_tokens":300,"cached_tokens":900,"cache_write_tokens":0,"output_tokens":87,"reasoning_tokens":40,"usage_source":"reported",
         "cost_usd":0.0042,"ttft_ms":231,"duration_ms":812.4,"overhead_ms":0.312,"cache":"miss","stream":true,"client_gone":false}
        """,
        Line(_format, Streamed()));

    [Fact]
    public void Call_Refused_LeavesOutWhatIsNotKnown() => AssertJson(
        """
        {"timestamp":"2026-03-04T12:00:00.123Z","level":"Information","message":"chat gpt-4o 401","category":"LlmProxy.Request",
         "id":"0199a1b2","endpoint":"chat","requested_model":"gpt-4o","status":401,"error_code":"invalid_api_key","attempts":0,
         "input_tokens":0,"cached_tokens":0,"cache_write_tokens":0,"output_tokens":0,"reasoning_tokens":0,
         "duration_ms":0.25,"stream":false,"client_gone":false}
        """,
        Line(_format, Refused()));

    [Fact]
    public void Event_WithProperties_WritesThemInSnakeCase()
    {
        LogEvent happened = Event(
            LogEventLevel.Warning,
            "Attempt {AttemptNumber} on {Deployment} failed",
            null,
            Property("AttemptNumber", 2),
            Property("Deployment", "gpt-4o"),
            Property("Message", "a name that is taken"),
            Property("Ratio", double.NaN),
            Property("Nothing", null),
            Property("SourceContext", "LlmProxy.Forwarding.AttemptLoop"),
            new LogEventProperty("EventId", new StructureValue([Property("Id", 6001), Property("Name", "AttemptFailed")])),
            new LogEventProperty("Tags", new SequenceValue([new ScalarValue("a"), new ScalarValue(true)])),
            new LogEventProperty("Limits", new DictionaryValue([new(new ScalarValue("rpm"), new ScalarValue(1.5m))])));

        AssertJson(
            """
            {"timestamp":"2026-03-04T12:00:00.123Z","level":"Warning","message":"Attempt 2 on gpt-4o failed","category":"LlmProxy.Forwarding.AttemptLoop",
             "event_id":6001,"attempt_number":2,"deployment":"gpt-4o","_message":"a name that is taken","ratio":"NaN","nothing":null,
             "tags":["a",true],"limits":{"rpm":1.5}}
            """,
            Line(_format, happened));
    }

    [Fact]
    public void Event_WithAnException_HoldsItWhole()
    {
        string line = Line(_format, Event(LogEventLevel.Fatal, "It broke", new IOException("no\nspace")));

        AssertJson(
            """{"timestamp":"2026-03-04T12:00:00.123Z","level":"Critical","message":"It broke","exception":"System.IO.IOException: no\nspace"}""", line);
    }

    [Fact]
    public void Text_ThatIsNotUnicode_IsReplacedNotFatal()
    {
        string line = Line(_format, Refused() with { RequestedModel = "a\ud800b\u0007\"\n" });

        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal("a\ufffdb\u0007\"\n", json.RootElement.GetProperty("requested_model").GetString());
        Assert.Equal(1, line.Count(c => c == '\n'));
    }

    [Fact]
    public void Text_CutInsideASurrogatePair_StaysValid()
    {
        string line = Line(_format, Event(LogEventLevel.Information, "{Text}", null, Property("Text", new string('x', LogText.LongestText - 1) + "😀")));

        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal(LogText.LongestText, json.RootElement.GetProperty("message").GetString()?.Length);
    }

    private static void AssertJson(string expected, string line)
    {
        Assert.EndsWith("}\n", line, StringComparison.Ordinal);
        Assert.Equal(1, line.Count(c => c == '\n'));
        using JsonDocument expectedJson = JsonDocument.Parse(expected);
        using JsonDocument actual = JsonDocument.Parse(line);
        Assert.True(JsonElement.DeepEquals(expectedJson.RootElement, actual.RootElement), line);
        Assert.Equal(expectedJson.RootElement.EnumerateObject().Count(), actual.RootElement.EnumerateObject().Count());
    }
}
