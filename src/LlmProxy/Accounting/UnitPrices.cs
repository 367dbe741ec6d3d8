using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Accounting;

/// <summary>What calls cost that are not paid by the token: pictures by the piece, speech by the letter, transcripts by the minute.</summary>
internal static class UnitPrices
{
    private const decimal Million = 1_000_000m;
    private const decimal SecondsPerMinute = 60m;

    /// <summary>Whether anything says what such a call costs there.</summary>
    public static bool IsKnown(EndpointKind endpoint, RouteTarget target) => target.Deployment.IsLocal || target.Facts.IsPriced
        || (endpoint == EndpointKind.Images && target.Facts.PricePerImage is not null)
        || (endpoint == EndpointKind.Speech && target.Facts.PricePerMillionCharacters is not null)
        || (endpoint == EndpointKind.Transcriptions && target.Facts.PricePerMinute is not null);

    /// <summary>Null: such a call is not paid so here, or how much of it there was is not known.</summary>
    public static decimal? Cost(Exchange exchange, RouteTarget target, ReadOnlySpan<byte> answer)
    {
        if (exchange.Endpoint == EndpointKind.Images && target.Facts.PricePerImage is { } picture)
        {
            return picture * Elements(answer, "data"u8);
        }

        if (exchange.Endpoint == EndpointKind.Speech && target.Facts.PricePerMillionCharacters is { } letters)
        {
            return letters * Letters(exchange) / Million;
        }

        return exchange.Endpoint == EndpointKind.Transcriptions && target.Facts.PricePerMinute is { } minute && Seconds(answer) is { } seconds
            ? minute * seconds / SecondsPerMinute
            : null;
    }

    private static int Elements(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var members = new JsonMembers();
        try
        {
            members.Read(json);
        }
        catch (JsonException)
        {
            return 0;
        }

        int member = members.Find(json, name);
        if (member < 0 || members[member].Kind != JsonTokenType.StartArray)
        {
            return 0;
        }

        var reader = new Utf8JsonReader(members[member].Value(json), JsonMembers.ReaderOptions);
        reader.Read();
        int elements = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            elements++;
            reader.Skip();
        }

        return elements;
    }

    private static int Letters(Exchange exchange)
    {
        if (exchange.Peek is not { } peek || exchange.Body is not { } body)
        {
            return 0;
        }

        int input = peek.Members.Find(body.Span, "input"u8);
        if (input < 0 || peek.Members[input].Kind != JsonTokenType.String)
        {
            return 0;
        }

        return new JsonText(body.Bytes[peek.Members[input].ValueStart..peek.Members[input].ValueEnd]).ToString().EnumerateRunes().Count();
    }

    /// <summary>The recording's length, in the answer itself (verbose_json) or in its usage.</summary>
    private static decimal? Seconds(ReadOnlySpan<byte> answer)
    {
        int from = 0;
        int at = JsonScan.NextValue(answer, "\"seconds\""u8, ref from);
        from = 0;
        at = at >= 0 ? at : JsonScan.NextValue(answer, "\"duration\""u8, ref from);
        if (at >= 0 && answer[at] == '"')
        {
            at++;
        }

        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(answer[at..], out decimal seconds, out _) ? seconds : null;
    }
}
