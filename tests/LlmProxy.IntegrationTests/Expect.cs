using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What every refusal and answer must look like, asserted in one place.</summary>
internal static class Expect
{
    private static readonly Dictionary<int, string> TypeByStatus = new()
    {
        [400] = "invalid_request_error",
        [401] = "authentication_error",
        [403] = "permission_error",
        [404] = "invalid_request_error",
        [408] = "invalid_request_error",
        [409] = "invalid_request_error",
        [413] = "invalid_request_error",
        [415] = "invalid_request_error",
        [431] = "invalid_request_error",
        [429] = "rate_limit_error",
        [502] = "upstream_error",
        [503] = "upstream_error",
        [504] = "upstream_error",
    };

    /// <summary>OpenAI's error object with all of its members; returns the message.</summary>
    public static string Error(Reply reply, int status, string code)
    {
        Assert.True(status == reply.Status, $"{status} {code} expected, got {reply}");
        Assert.Equal("application/json", reply.MediaType);
        return Error(reply.Text, status, code);
    }

    public static string Error409(Reply reply) => Error(reply, 409, "conflict");

    public static string Error(RawAnswer answer, int status, string code)
    {
        Assert.True(status == answer.Status, $"{status} {code} expected, got {answer.Status} {answer.Body}");
        return Error(answer.Body, status, code);
    }

    public static string Error(string json, int status, string code)
    {
        JsonObject error = Assert.IsType<JsonObject>(JsonNode.Parse(json)?["error"]);
        Assert.True(code == error["code"]?.ToString(), $"{code} expected, got {json}");
        Assert.Equal(TypeByStatus[status], error["type"]?.ToString());
        Assert.True(error.ContainsKey("param"), json);
        Assert.False(string.IsNullOrEmpty(error["request_id"]?.ToString()), json);
        string? message = error["message"]?.ToString();
        Assert.False(string.IsNullOrWhiteSpace(message), json);
        return message!;
    }

    public static void Ok(Reply reply) => Assert.True(reply.Status == 200, reply.ToString());

    /// <summary>The whole stream said what the default upstream says, and ended as streams end.</summary>
    public static void WholeStream(IReadOnlyList<string> data, string text = OpenAiAnswers.Text)
    {
        Assert.Equal("[DONE]", data[^1]);
        Assert.Equal(text, SseReader.ContentOf(data));
    }

    public static int Attempts(Reply reply) => int.Parse(reply.Header("x-llm-attempts") ?? "-1", CultureInfo.InvariantCulture);

    public static void SameJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, got {actual?.ToJsonString(JsonSerializerOptions.Default)}");
}
