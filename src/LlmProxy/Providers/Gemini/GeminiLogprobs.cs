using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>Turns logprobsResult into OpenAI's elements: the tokens that were chosen, each with the likeliest others.</summary>
internal static class GeminiLogprobs
{
    public static void Tell(ReadOnlySpan<byte> json, ChatSink sink)
    {
        ReadOnlySpan<byte> chosen = default;
        ReadOnlySpan<byte> top = default;
        var members = new SpanWalk(json);
        while (members.Next())
        {
            chosen = members.Is("chosenCandidates"u8) ? members.Value : chosen;
            top = members.Is("topCandidates"u8) ? members.Value : top;
        }

        var output = new ArrayBufferWriter<byte>();
        var tokens = new SpanWalk(chosen);
        var others = new SpanWalk(top);
        while (tokens.Next())
        {
            if (output.WrittenCount > 0)
            {
                output.Write(","u8);
            }

            using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
            writer.WriteStartObject();
            WriteToken(writer, tokens.Value);
            writer.WriteStartArray("top_logprobs"u8);
            if (others.Next())
            {
                WriteOthers(writer, others.Value);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (output.WrittenCount > 0)
        {
            sink.Logprobs(output.WrittenSpan);
        }
    }

    private static void WriteOthers(Utf8JsonWriter writer, ReadOnlySpan<byte> json)
    {
        var members = new SpanWalk(json);
        while (members.Next())
        {
            if (!members.Is("candidates"u8))
            {
                continue;
            }

            var candidates = new SpanWalk(members.Value);
            while (candidates.Next())
            {
                writer.WriteStartObject();
                WriteToken(writer, candidates.Value);
                writer.WriteEndObject();
            }
        }
    }

    private static void WriteToken(Utf8JsonWriter writer, ReadOnlySpan<byte> json)
    {
        string token = "";
        double logprob = 0;
        var members = new SpanWalk(json);
        while (members.Next())
        {
            if (members.Is("token"u8))
            {
                token = members.Text() ?? "";
            }
            else if (members.Is("logProbability"u8) && members.Kind == JsonTokenType.Number)
            {
                var reader = new Utf8JsonReader(members.Value);
                reader.Read();
                logprob = reader.TryGetDouble(out double number) && double.IsFinite(number) ? number : 0;
            }
        }

        writer.WriteString("token"u8, token);
        writer.WriteNumber("logprob"u8, logprob);
        writer.WriteStartArray("bytes"u8);
        foreach (byte b in Encoding.UTF8.GetBytes(token))
        {
            writer.WriteNumberValue(b);
        }

        writer.WriteEndArray();
    }
}
