using System.IO.Compression;
using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Caching.Shared;

/// <summary>
/// How an answer lies in Redis: a version, when it was new and for how long it holds, what it is, its bytes (compressed where
/// that pays), a checksum. Whatever does not read as that is no answer.
/// </summary>
internal static class StoredAnswer
{
    private const byte Version = 2;
    private const int LeastCompressed = 1024;
    private const int Quality = 1; // Brotli's fastest: a third of the size at the speed of the network.
    private const int Window = 20;

    [Flags]
    private enum Traits : byte
    {
        None = 0,
        IsStream = 1,
        TellsUsage = 2,
        HasUsage = 4,
        HasReportedModel = 8,
        IsCompressed = 16,
    }

    public static byte[] Write(CachedAnswer answer, DateTimeOffset storedAt, TimeSpan life)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            byte[]? compressed = answer.Body.Length >= LeastCompressed ? Compress(answer.Body.Span) : null;
            Traits traits = (answer.IsStream ? Traits.IsStream : 0) | (answer.TellsUsage ? Traits.TellsUsage : 0) | (answer.Usage is null ? 0 : Traits.HasUsage)
                | (answer.ReportedModel is null ? 0 : Traits.HasReportedModel) | (compressed is null ? 0 : Traits.IsCompressed);
            writer.Write(Version);
            writer.Write((byte)traits);
            writer.Write(storedAt.ToUnixTimeMilliseconds());
            writer.Write((long)life.TotalMilliseconds);
            writer.Write(answer.ContentType);
            writer.Write(answer.Provider);
            writer.Write(answer.Llm);
            writer.Write(answer.DeploymentModel);
            writer.Write((ulong)(answer.Fingerprint >> 64));
            writer.Write((ulong)answer.Fingerprint);
            if (answer.ReportedModel is { } model)
            {
                writer.Write(model);
            }

            if (answer.Usage is { } usage)
            {
                writer.Write(usage.FreshInput);
                writer.Write(usage.CachedInput);
                writer.Write(usage.CacheWrite);
                writer.Write(usage.Output);
                writer.Write(usage.Reasoning);
            }

            writer.Write(answer.Body.Length);
            writer.Write(compressed ?? answer.Body.Span);
            writer.Flush();
            writer.Write(Crc32.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        }

        return stream.ToArray();
    }

    /// <summary>Null: written by another version, broken, or somebody else's.</summary>
    /// <param name="value">What Redis has.</param>
    /// <param name="mostBytes">How large an answer may be once it is unpacked.</param>
    public static (CachedAnswer Answer, DateTimeOffset StoredAt, TimeSpan Life)? Read(byte[] value, long mostBytes)
    {
        if (value.Length < 8 || value[0] != Version || BitConverter.ToUInt32(value.AsSpan(value.Length - 4)) != Crc32.Of(value.AsSpan(0, value.Length - 4)))
        {
            return null;
        }

        try
        {
            using var stream = new MemoryStream(value, 0, value.Length - 4);
            using var reader = new BinaryReader(stream, Encoding.UTF8);
            reader.ReadByte();
            var traits = (Traits)reader.ReadByte();
            DateTimeOffset storedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());
            TimeSpan life = TimeSpan.FromMilliseconds(reader.ReadInt64());
            string contentType = reader.ReadString();
            string provider = reader.ReadString();
            string llm = reader.ReadString();
            string deploymentModel = reader.ReadString();
            var fingerprint = new UInt128(reader.ReadUInt64(), reader.ReadUInt64());
            string? model = traits.HasFlag(Traits.HasReportedModel) ? reader.ReadString() : null;
            TokenUsage? usage = traits.HasFlag(Traits.HasUsage)
                ? new TokenUsage(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64())
                : null;
            int length = reader.ReadInt32();
            ReadOnlySpan<byte> packed = value.AsSpan((int)stream.Position, (int)(stream.Length - stream.Position));
            if (length <= 0 || length > mostBytes || Unpack(packed, length, traits.HasFlag(Traits.IsCompressed)) is not { } body)
            {
                return null;
            }

            return (new CachedAnswer
            {
                Body = body,
                ContentType = contentType,
                Provider = provider,
                Llm = llm,
                DeploymentModel = deploymentModel,
                Fingerprint = fingerprint,
                IsStream = traits.HasFlag(Traits.IsStream),
                TellsUsage = traits.HasFlag(Traits.TellsUsage),
                ReportedModel = model,
                Usage = usage,
            }, storedAt, life);
        }
        catch (Exception e) when (e is IOException or ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
    }

    private static byte[]? Compress(ReadOnlySpan<byte> body)
    {
        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
        return BrotliEncoder.TryCompress(body, packed, out int written, Quality, Window) && written < body.Length ? packed[..written] : null;
    }

    private static byte[]? Unpack(ReadOnlySpan<byte> packed, int length, bool isCompressed)
    {
        if (!isCompressed)
        {
            return packed.Length == length ? packed.ToArray() : null;
        }

        byte[] body = new byte[length];
        return BrotliDecoder.TryDecompress(packed, body, out int written) && written == length ? body : null;
    }
}
