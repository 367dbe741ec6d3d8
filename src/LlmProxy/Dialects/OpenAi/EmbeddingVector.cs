using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>One vector in its two spellings: an array of numbers, or base64 of little-endian 32-bit floats.</summary>
internal static class EmbeddingVector
{
    /// <summary>The reader stands on the array's opening bracket and is left on its closing one.</summary>
    public static void WriteBase64(ref Utf8JsonReader reader, IBufferWriter<byte> output)
    {
        byte[] floats = ArrayPool<byte>.Shared.Rent(8192);
        try
        {
            int length = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetSingle(out float value) || !float.IsFinite(value))
                {
                    throw new JsonException("An embedding holds something that is not a number.");
                }

                if (length + sizeof(float) > floats.Length)
                {
                    byte[] bigger = ArrayPool<byte>.Shared.Rent(floats.Length * 2);
                    floats.AsSpan(0, length).CopyTo(bigger);
                    ArrayPool<byte>.Shared.Return(floats);
                    floats = bigger;
                }

                BinaryPrimitives.WriteSingleLittleEndian(floats.AsSpan(length), value);
                length += sizeof(float);
            }

            Span<byte> text = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(length) + 2);
            text[0] = (byte)'"';
            Base64.EncodeToUtf8(floats.AsSpan(0, length), text[1..], out _, out int written);
            text[written + 1] = (byte)'"';
            output.Advance(written + 2);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(floats);
        }
    }

    /// <summary>The reader stands on the base64 string.</summary>
    public static void WriteNumbers(ref Utf8JsonReader reader, IBufferWriter<byte> output)
    {
        if (!reader.TryGetBytesFromBase64(out byte[]? floats) || floats.Length % sizeof(float) != 0)
        {
            throw new JsonException("An embedding is not base64 of 32-bit floats.");
        }

        output.Write("["u8);
        for (int i = 0; i < floats.Length; i += sizeof(float))
        {
            float value = BinaryPrimitives.ReadSingleLittleEndian(floats.AsSpan(i));
            if (!float.IsFinite(value))
            {
                throw new JsonException("An embedding holds something that is not a number.");
            }

            Span<byte> text = output.GetSpan(32);
            int comma = i == 0 ? 0 : 1;
            text[0] = (byte)',';
            value.TryFormat(text[comma..], out int written, default, CultureInfo.InvariantCulture);
            output.Advance(written + comma);
        }

        output.Write("]"u8);
    }
}
