using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// What one event of ConverseStream says, whichever it is; texts are still escaped and stand in the event's own bytes.
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
/// </summary>
internal ref struct BedrockEvent
{
    public int Index;
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Reasoning;
    public ReadOnlySpan<byte> Signature;
    public ReadOnlySpan<byte> Sealed;
    public ReadOnlySpan<byte> Input;
    public ReadOnlySpan<byte> ToolId;
    public ReadOnlySpan<byte> ToolName;
    public ReadOnlySpan<byte> Citation;
    public ReadOnlySpan<byte> StopReason;
    public ReadOnlySpan<byte> StopSequence;
    public ReadOnlySpan<byte> Usage;
    public ReadOnlySpan<byte> Tier;
    public bool IsServerTool;

    public static BedrockEvent Read(ReadOnlySpan<byte> data)
    {
        var found = new BedrockEvent();
        var reader = new Utf8JsonReader(data, JsonMembers.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("Not an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("contentBlockIndex"u8))
            {
                reader.Read();
                found.Index = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("start"u8))
            {
                found.ReadBlock(ref reader, data);
            }
            else if (reader.ValueTextEquals("stopReason"u8))
            {
                found.StopReason = String(ref reader);
            }
            else if (reader.ValueTextEquals("additionalModelResponseFields"u8))
            {
                found.ReadFields(ref reader);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                found.Usage = Slice(ref reader, data);
            }
            else if (reader.ValueTextEquals("serviceTier"u8))
            {
                found.ReadTier(ref reader, data);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        reader.Read(); // Throws where something follows the object.
        return found;
    }

    /// <summary>What stands between the quotes; empty for what is no string.</summary>
    private static ReadOnlySpan<byte> String(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        ReadOnlySpan<byte> text = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
        reader.Skip();
        return text;
    }

    private static ReadOnlySpan<byte> Slice(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        reader.Read();
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return data[start..(int)reader.BytesConsumed];
    }

    private void ReadBlock(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Enter(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8))
            {
                Text = String(ref reader);
            }
            else if (reader.ValueTextEquals("toolUse"u8))
            {
                ReadTool(ref reader);
            }
            else if (reader.ValueTextEquals("reasoningContent"u8))
            {
                ReadReasoning(ref reader);
            }
            else if (reader.ValueTextEquals("citation"u8))
            {
                Citation = Slice(ref reader, data);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadTool(scoped ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input"u8))
            {
                Input = String(ref reader);
            }
            else if (reader.ValueTextEquals("toolUseId"u8))
            {
                ToolId = String(ref reader);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                ToolName = String(ref reader);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                IsServerTool = String(ref reader).SequenceEqual("server_tool_use"u8);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadReasoning(scoped ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8))
            {
                Reasoning = String(ref reader);
            }
            else if (reader.ValueTextEquals("signature"u8))
            {
                Signature = String(ref reader);
            }
            else if (reader.ValueTextEquals("redactedContent"u8))
            {
                Sealed = String(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadFields(scoped ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isSequence = reader.ValueTextEquals("stop_sequence"u8);
            ReadOnlySpan<byte> text = String(ref reader);
            StopSequence = isSequence ? text : StopSequence;
        }
    }

    private void ReadTier(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Enter(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("type"u8);
            ReadOnlySpan<byte> value = Slice(ref reader, data);
            Tier = isType && value[0] == '"' ? value : Tier;
        }
    }

    /// <summary>Steps into an object; false, and past it, where there is none.</summary>
    private static bool Enter(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        reader.Skip();
        return false;
    }
}
