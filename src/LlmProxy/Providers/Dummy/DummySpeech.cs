using System.Buffers.Binary;
using System.Net.Http.Headers;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST audio/speech: a quiet tone about as long as the text would be.</summary>
internal static class DummySpeech
{
    private const int SampleRate = 24_000;

    public static HttpResponseMessage Answer(DummyCall call)
    {
        string input = call.Root.Text("input") ?? throw new DummyRefusal(400, "Missing required parameter: 'input'.", "input", "missing_required_parameter");
        string format = call.Root.Text("response_format") ?? "wav";
        if (format is not ("wav" or "pcm"))
        {
            throw new DummyRefusal(400, $"The dummy has no encoder for '{format}'. It speaks 'wav' and 'pcm'.", "response_format", "invalid_value");
        }

        byte[] sound = Tone(seconds: Math.Clamp(input.Length / 15.0, 0.25, 10), withHeader: format == "wav");
        return DummyAnswers.Bytes(sound, new MediaTypeHeaderValue(format == "wav" ? "audio/wav" : "audio/pcm"));
    }

    /// <summary>16 bit mono of 440 Hz.</summary>
    private static byte[] Tone(double seconds, bool withHeader)
    {
        int samples = (int)(seconds * SampleRate);
        int start = withHeader ? 44 : 0;
        var bytes = new byte[start + (samples * sizeof(short))];
        if (withHeader)
        {
            WriteHeader(bytes, samples * sizeof(short));
        }

        for (int i = 0; i < samples; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(start + (i * sizeof(short))), (short)(1000 * Math.Sin(2 * Math.PI * 440 * i / SampleRate)));
        }

        return bytes;
    }

    private static void WriteHeader(Span<byte> bytes, int dataLength)
    {
        "RIFF"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], 36 + dataLength);
        "WAVEfmt "u8.CopyTo(bytes[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(bytes[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(bytes[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[28..], SampleRate * sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(bytes[32..], sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(bytes[34..], 16);
        "data"u8.CopyTo(bytes[36..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], dataLength);
    }
}
