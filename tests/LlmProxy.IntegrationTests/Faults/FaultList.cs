using System.Text;
using LlmProxy.TestKit;
using static LlmProxy.IntegrationTests.Faults.Ending;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>Every fault of the matrix with what has to become of it: written from the contract, not from what was seen.</summary>
internal static class FaultList
{
    private static readonly byte[] Whole = Encoding.UTF8.GetBytes(OpenAiAnswers.ChatJson(Outcome.FirstWords));
    private static readonly Step Words = Step.Send(OpenAiAnswers.ContentChunk(Outcome.FirstWords));

    public static readonly IReadOnlyList<Fault> All =
    [
        // The address.
        Unreachable("connection refused", a => a.Refusing, Retried(502, "provider_unreachable")),
        Unreachable("DNS name unknown", _ => "http://no-such-host.invalid/v1", Retried(502, "provider_unreachable")),
        // No certificate gets better by asking again.
        Unreachable("TLS: https to a port that speaks http", a => a.SecureOnPlain, PassedOn(502, "provider_unreachable")),
        Unreachable("TLS: certificate that nobody vouches for", a => a.Secure, PassedOn(502, "provider_unreachable")),
        new("reset before the answer", Retried(502, "provider_unreachable"), Retried(502, "provider_unreachable"))
        {
            Answer = Same(Answers.ResetBeforeHeaders),
            IsSeen = false, // A reset on a connection that was used before costs one more request, which is no try.
        },

        // Statuses.
        Status("400", Answers.Error(400, "top_k is not known here"), Final(400, "invalid_value")),
        Status("400: longer than the context", Answers.Error(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"),
            PassedOn(400, "context_length_exceeded") with { WhenAll = "400 `context_length_exceeded`" }),
        Status("400: content policy", Answers.Error(400, "Your request was rejected by our safety system", "content_policy_violation"), Final(400, "invalid_value")),
        Status("401", Answers.Error(401, "Incorrect API key provided", "invalid_api_key"), PassedOn(502, "provider_auth_failed")),
        Status("403", Answers.Error(403, "Your organization may not use this"), PassedOn(502, "provider_auth_failed")),
        Status("404: model unknown", Answers.Error(404, "The model does not exist", "model_not_found"), PassedOn(404, "model_not_found")),
        Status("404: address unknown", Answers.Html(404), PassedOn(502, "provider_error")),
        Status("408", Answers.Error(408, "Took too long"), Retried(504, "provider_timeout")),
        Status("413", Answers.Error(413, "Too large"), Final(413, "body_too_large")),
        Status("422", Answers.Error(422, "temperature must be a number"), Final(400, "invalid_value")),
        Status("429 without Retry-After", Answers.Error(429, "Slow down", "rate_limit_exceeded"),
            Retried(429, "rate_limit_exceeded") with { WhenAll = "429 `rate_limit_exceeded`" }),
        Status("429, Retry-After worth the wait (0.1 s)", Limited(("retry-after-ms", "100")),
            Retried(429, "rate_limit_exceeded") with { WhenAll = "429 `rate_limit_exceeded`", RetryAfter = "1" }),
        Status("429, Retry-After above MaxDelayMs (1 s)", Limited(("Retry-After", "1")),
            Retried(429, "rate_limit_exceeded") with { WhenAll = "429 `rate_limit_exceeded`", TriesBeforeNext = 1, RetryAfter = "1" }),
        new("429, Retry-After beyond the deadline (30 s)", BeyondDeadline, BeyondDeadline)
        {
            Answer = (_, place, _) => Limited(("Retry-After", place == 1 ? "20" : "30")),
        },
        Status("429: the account is out of credit", Answers.Error(429, "You exceeded your current quota", "insufficient_quota"), PassedOn(502, "provider_quota_exhausted")),
        Status("500", Answers.Error(500, "The server had an error"), Retried(502, "provider_error")),
        Status("502, a proxy's HTML page", Answers.Html(502), Retried(502, "provider_error")),
        Status("503", Answers.Error(503, "Overloaded"), Retried(502, "provider_error")),
        Status("529", Answers.Error(529, "Overloaded", "overloaded_error"), Retried(502, "provider_error")),

        // Silence.
        new("hang before the headers", PassedOn(504, "provider_timeout"), PassedOn(504, "provider_timeout"))
        {
            Answer = Same(Answers.HangBeforeHeaders), Hangs = true,
        },
        new("hang before the first token", PassedOn(504, "provider_timeout"), PassedOn(504, "provider_timeout"))
        {
            Answer = Either(Answers.HangAfter(Whole, 0), Answers.HangBeforeFirstToken), Hangs = true,
        },
        new("silence after some of the answer", PassedOn(504, "provider_timeout"), Broken("provider_timeout"))
        {
            Answer = Either(Answers.HangAfter(Whole, Whole.Length / 2), Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Words, Step.Hang)), Hangs = true,
        },

        // Cuts.
        new("cut before any output", Retried(502, "provider_error"), Retried(502, "provider_error"))
        {
            Answer = Either(Answers.BreakAfter(Whole, 0), Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Break)),
        },
        new("cut after some of the answer", Retried(502, "provider_error"), Broken("provider_error"))
        {
            Answer = Either(Answers.BreakAfter(Whole, Whole.Length / 2), Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Words, Step.Break)),
        },
        new("reset after the first words", null, Broken("provider_error"))
        {
            // A reset may overtake what was sent: it waits until the words were heard.
            Answer = (_, _, heard) => Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Words, Step.Wait(heard), Step.Reset),
        },
        new("proper end before any output", PassedOn(502, "invalid_provider_response"), Retried(502, "provider_error"))
        {
            Answer = Either(Answers.Bytes([], "application/json"), Answers.EndBeforeFirstToken),
        },
        new("proper end after some of the answer", PassedOn(502, "invalid_provider_response"), Broken("provider_error"))
        {
            Answer = Either(Answers.Bytes(Whole[..(Whole.Length / 2)], "application/json"), Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Words)),
        },

        // A 200 that is none.
        Status("HTML page with 200", Answers.Html(200), PassedOn(502, "invalid_provider_response")),
        new("error inside a 200", Retried(502, "provider_error"), Retried(502, "provider_error"))
        {
            Answer = Either(Answers.Json("""{"error":{"message":"The model is overloaded","type":"server_error","param":null,"code":"overloaded"}}"""), Answers.ErrorAsFirstEvent),
        },
        new("rate limit inside a 200", LimitedInside, LimitedInside)
        {
            Answer = Either(Answers.Json(RateLimit), Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Send($"data: {RateLimit}\n\n"))),
        },
        new("error event after some of the answer", Retried(502, "provider_error"), Broken("provider_error"))
        {
            Answer = Either(
                Answers.Json("""{"error":{"message":"The model crashed","type":"server_error","param":null,"code":null}}"""),
                Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk), Words, Step.Send("""data: {"error":{"message":"The model crashed","type":"server_error","param":null,"code":null}}""" + "\n\n"))),
        },
    ];

    private const string RateLimit = """{"error":{"message":"Slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}""";

    private static Ending BeyondDeadline =>
        PassedOn(429, "rate_limit_exceeded") with { WhenAll = "429 `rate_limit_exceeded`", RetryAfter = "30", RetryAfterWhenAll = "20" };

    private static Ending LimitedInside => Retried(429, "rate_limit_exceeded") with { WhenAll = "429 `rate_limit_exceeded`" };

    private static Fault Unreachable(string name, Func<FaultAddresses, string> address, Ending ending) =>
        new(name, ending, ending) { Answer = Same(OpenAiAnswers.Default), Address = address, IsSeen = false };

    private static Fault Status(string name, UpstreamAnswer answer, Ending ending) => new(name, ending, ending) { Answer = Same(answer) };

    private static UpstreamAnswer Limited((string, string) advice) => Answers.Error(429, "Slow down", "rate_limit_exceeded", advice);

    private static Func<bool, int, Gate, UpstreamAnswer> Same(UpstreamAnswer answer) => (_, _, _) => answer;

    private static Func<bool, int, Gate, UpstreamAnswer> Either(UpstreamAnswer plain, UpstreamAnswer stream) => (isStream, _, _) => isStream ? stream : plain;
}
