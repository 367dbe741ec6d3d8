using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Where an answer comes from: groundingMetadata as OpenAI's url_citation annotations, and as it came;
/// citationMetadata as "citations". https://ai.google.dev/gemini-api/docs/google-search
/// </summary>
internal static class GeminiGrounding
{
    private static readonly JsonWriterOptions Options = new() { Encoder = RouteTarget.JsonOptions.Encoder };

    /// <summary>Whether the call has a tool whose answers are grounded: only then the text is kept to count characters in.</summary>
    public static bool MayCome(ChatTurn turn) =>
        turn.Request.Tools.Exists(static tool => tool.NativeType is not null) || !turn.Fields.Look("web_search_options").IsEmpty;

    public static void Tell(ReadOnlySpan<byte> grounding, EscapedText? answer, ChatSink sink)
    {
        if (grounding.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<byte> supports = default;
        List<(string? Url, string? Title)> sources = [];
        var members = new SpanWalk(grounding);
        while (members.Next())
        {
            if (members.Is("groundingChunks"u8))
            {
                ReadSources(members.Value, sources);
            }
            else if (members.Is("groundingSupports"u8))
            {
                supports = members.Value;
            }
        }

        byte[] text = answer is null ? [] : Encoding.UTF8.GetBytes(new JsonText((byte[])[(byte)'"', .. answer.Escaped, (byte)'"']).ToString());
        TellSupports(supports, sources, text, sink);
        var raw = new ArrayBufferWriter<byte>();
        GeminiJson.Minify(grounding, raw);
        sink.Extra("grounding_metadata", raw.WrittenSpan);
    }

    public static void TellCitations(ReadOnlySpan<byte> json, ChatSink sink)
    {
        var members = new SpanWalk(json);
        while (members.Next())
        {
            // The developer API calls them citationSources, the cloud citations.
            if (!members.IsArray || !(members.Is("citations"u8) || members.Is("citationSources"u8)))
            {
                continue;
            }

            var items = new SpanWalk(members.Value);
            while (items.Next())
            {
                var raw = new ArrayBufferWriter<byte>();
                GeminiJson.Minify(items.Value, raw);
                sink.Extra("citations", raw.WrittenSpan);
            }
        }
    }

    private static void ReadSources(ReadOnlySpan<byte> chunks, List<(string? Url, string? Title)> sources)
    {
        var items = new SpanWalk(chunks);
        while (items.Next())
        {
            string? url = null;
            string? title = null;
            var kinds = new SpanWalk(items.Value);
            while (kinds.Next())
            {
                var members = new SpanWalk(kinds.Value); // web, retrievedContext, maps: all have uri and title.
                while (members.Next())
                {
                    url = members.Is("uri"u8) ? members.Text() : url;
                    title = members.Is("title"u8) ? members.Text() : title;
                }
            }

            sources.Add((url, title));
        }
    }

    private static void TellSupports(ReadOnlySpan<byte> supports, List<(string? Url, string? Title)> sources, byte[] text, ChatSink sink)
    {
        var items = new SpanWalk(supports);
        while (items.Next())
        {
            long start = 0;
            long end = 0;
            ReadOnlySpan<byte> indices = default;
            var members = new SpanWalk(items.Value);
            while (members.Next())
            {
                if (members.Is("groundingChunkIndices"u8))
                {
                    indices = members.Value;
                }
                else if (members.Is("segment"u8))
                {
                    var segment = new SpanWalk(members.Value);
                    while (segment.Next())
                    {
                        start = segment.Is("startIndex"u8) ? segment.Number() : start;
                        end = segment.Is("endIndex"u8) ? segment.Number() : end;
                    }
                }
            }

            var numbers = new SpanWalk(indices);
            while (numbers.Next())
            {
                long number = numbers.Number();
                if (number >= 0 && number < sources.Count && sources[(int)number].Url is { } url)
                {
                    TellSource(url, sources[(int)number].Title, Characters(text, start), Characters(text, end), sink);
                }
            }
        }

        if (supports.IsEmpty)
        {
            foreach ((string? url, string? title) in sources)
            {
                if (url is not null)
                {
                    TellSource(url, title, 0, 0, sink);
                }
            }
        }
    }

    /// <summary>Google counts bytes, OpenAI characters.</summary>
    private static int Characters(byte[] text, long bytes) => Encoding.UTF8.GetCharCount(text, 0, (int)Math.Clamp(bytes, 0, text.Length));

    private static void TellSource(string url, string? title, int start, int end, ChatSink sink)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "url_citation"u8);
            json.WriteStartObject("url_citation"u8);
            json.WriteNumber("start_index"u8, start);
            json.WriteNumber("end_index"u8, end);
            json.WriteString("url"u8, url);
            json.WriteString("title"u8, title ?? "");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        sink.Extra("annotations", output.WrittenSpan);
    }
}
