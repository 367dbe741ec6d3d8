using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>An item as its vendor wrote it. While it is not done, one text of it may grow.</summary>
internal sealed class RawItem(int index, byte[] json) : OutputItem("", "", index)
{
    private byte[]? _grows;
    private OutputText? _text;

    public void Grow(ReadOnlySpan<byte> member, ReadOnlySpan<byte> escaped)
    {
        _grows ??= member.ToArray();
        _text ??= new OutputText();
        _text.Add(escaped);
    }

    protected override void WriteMembers(Utf8JsonWriter writer, bool isNew, string status)
    {
        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.Is("id"u8) || (_grows is not null && members.Is(_grows)))
            {
                continue;
            }

            writer.WritePropertyName(members.Name());
            writer.WriteRawValue(IsCut && members.Is("status"u8) ? Encoding.UTF8.GetBytes($"\"{status}\"") : members.Value.Span, skipInputValidation: true);
        }

        _text?.WriteTo(writer, _grows);
    }
}
