using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.Drills.Recordings;

/// <summary>Whether what came out of the gateway is what was recorded.</summary>
internal static class Verdicts
{
    public static IEnumerable<string> Chat(Recording recording, Reply reply, bool asksForUsage)
    {
        if (reply.Status != 200)
        {
            yield return reply.ToString();
            yield break;
        }

        var expected = Expected.Of(recording);
        Extensions extensions = recording.IsOpenAiDialect ? Extensions.Vendors : Extensions.Gateway;
        bool tellsUsage = asksForUsage && expected.Usage is not null;
        SeenAnswer seen = recording.IsStream
            ? ChatAccumulator.Stream(ChatAccumulator.DataOf(reply.Text), tellsUsage, extensions)
            : ChatAccumulator.Whole(reply.Text, extensions);
        foreach (string problem in seen.Problems)
        {
            yield return problem;
        }

        if (expected.EndsInError != seen.Error is not null)
        {
            yield return $"error expected {expected.EndsInError}, got {seen.Error}";
        }

        if (seen.Text != expected.Text)
        {
            yield return $"text expected \"{expected.Text}\", got \"{seen.Text}\"";
        }

        if (seen.Reasoning != expected.Reasoning)
        {
            yield return $"reasoning expected \"{expected.Reasoning}\", got \"{seen.Reasoning}\"";
        }

        string finish = expected.EndsInError ? "" : expected.Finish;
        if ((seen.Finish ?? "") != finish)
        {
            yield return $"finish expected {finish}, got {seen.Finish}";
        }

        string wanted = string.Join("; ", expected.Calls.Select((c, i) => $"{c.Id ?? (i < seen.Calls.Count ? seen.Calls[i].Id : "?")} {c.Name} {c.Arguments}"));
        string got = string.Join("; ", seen.Calls.Select(c => $"{c.Id} {c.Name} {Expected.Compact(c.Arguments)}"));
        if (wanted != got)
        {
            yield return $"calls expected {wanted}, got {got}";
        }

        if (seen.Calls.Any(c => c.Id.Length == 0) || seen.Calls.Select(c => c.Id).Distinct().Count() != seen.Calls.Count)
        {
            yield return "tool calls without ids of their own";
        }

        (long, long)? usage = seen.Usage is { } u ? (u.Prompt, u.Completion) : null;
        (long, long)? told = recording.IsStream && (!tellsUsage || expected.EndsInError) ? null : expected.Usage;
        if (usage != told)
        {
            yield return $"usage expected {told}, got {usage}";
        }
    }

    public static IEnumerable<string> Error(Recording recording, Reply reply)
    {
        (int Status, string Code)[] right = recording switch
        {
            { Id: "anthropic/error-400" } => [(400, "context_length_exceeded")],
            { Id: "azure/prompt-filtered" } => [(400, "content_filter"), (400, "invalid_value")],
            { Status: 400 } => [(400, "invalid_value"), (400, "missing_field"), (400, "context_length_exceeded"), (400, "unsupported_value"), (400, "unsupported_parameter")],
            { Status: 401 or 403 } => [(502, "provider_auth_failed"), (503, "provider_auth_failed")],
            { Status: 404 } => [(404, "model_not_found")],
            _ => [(429, "rate_limit_exceeded")],
        };
        string? code = reply.Json["error"]?["code"]?.ToString();
        if (!right.Contains((reply.Status, code ?? "")))
        {
            yield return $"expected {string.Join(" or ", right)}, got {reply}";
        }

        foreach (string problem in OpenAiRules.Error(reply.Text))
        {
            yield return problem;
        }
    }
}
