using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using LlmProxy.Endpoints;

namespace LlmProxy.Caching;

/// <summary>The SHA-256 over everything that can change an answer, and over the workspace that alone may see it.</summary>
internal readonly record struct CacheKey(ulong A, ulong B, ulong C, ulong D)
{
    [ThreadStatic] private static IncrementalHash? _hash;

    public static CacheKey Compute(
        EndpointKind endpoint, string workspace, ReadOnlySpan<byte> requestedModel, ReadOnlySpan<byte> wishes, ReadOnlySpan<byte> body)
    {
        IncrementalHash hash = _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, endpoint.Name);
        AppendText(hash, workspace);
        Append(hash, requestedModel);
        Append(hash, wishes);
        Append(hash, body);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new CacheKey(
            BinaryPrimitives.ReadUInt64LittleEndian(digest),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[24..]));
    }

    public override int GetHashCode() => A.GetHashCode(); // Any part of a digest is as good as the whole.

    private static void AppendText(IncrementalHash hash, string text)
    {
        Span<byte> utf8 = stackalloc byte[256];
        Append(hash, Encoding.UTF8.TryGetBytes(text, utf8, out int written) ? utf8[..written] : Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Each part goes in behind its length, so that no two calls run together into the same bytes.</summary>
    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
