using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What a vendor wrote about a failure, in whichever of the dialect's shapes it wrote it.</summary>
internal sealed record VendorError(string Message, string? Type, string? Code, string? Param, int? Status)
{
    private const int MostShown = 1000;

    public bool IsJson { get; private init; }

    public static VendorError Read(ReadOnlySpan<byte> body)
    {
        var members = new JsonMembers();
        try
        {
            members.Read(body);
        }
        catch (JsonException)
        {
            return new VendorError(LooksLikeMarkup(body) ? "" : Shorten(Encoding.UTF8.GetString(body).Trim()), null, null, null, null);
        }

        int error = members.Find(body, "error"u8);
        if (error >= 0 && members[error].Kind == JsonTokenType.StartObject)
        {
            ReadOnlySpan<byte> inner = members[error].Value(body);
            var innerMembers = new JsonMembers();
            innerMembers.Read(inner);
            return From(innerMembers, inner);
        }

        if (error >= 0 && members[error].Kind == JsonTokenType.String)
        {
            VendorError outer = From(members, body);
            return outer with { Message = Shorten(Value(members, body, "error"u8) ?? outer.Message) };
        }

        return From(members, body);
    }

    private static VendorError From(JsonMembers members, ReadOnlySpan<byte> json)
    {
        string message = Value(members, json, "message"u8) ?? Value(members, json, "detail"u8) ?? Value(members, json, "msg"u8) ?? "";
        string? code = Value(members, json, "code"u8);
        int? status = int.TryParse(Value(members, json, "status_code"u8) ?? code, out int number) && number is >= 400 and < 600 ? number : null;
        return new VendorError(Shorten(message), Value(members, json, "type"u8), code, Value(members, json, "param"u8), status) { IsJson = true };
    }

    /// <summary>Strings as they read, numbers and structures as they are written.</summary>
    private static string? Value(JsonMembers members, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        int member = members.Find(json, name);
        if (member < 0 || members[member].Kind == JsonTokenType.Null)
        {
            return null;
        }

        ReadOnlySpan<byte> value = members[member].Value(json);
        if (members[member].Kind != JsonTokenType.String)
        {
            return Encoding.UTF8.GetString(value);
        }

        try
        {
            var reader = new Utf8JsonReader(value);
            reader.Read();
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool LooksLikeMarkup(ReadOnlySpan<byte> body) => body.TrimStart(" \t\r\n"u8) is [(byte)'<', ..];

    private static string Shorten(string text) => text.Length <= MostShown ? text : text[..MostShown] + "...";
}
