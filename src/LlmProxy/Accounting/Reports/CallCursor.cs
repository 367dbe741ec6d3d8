using System.Buffers.Binary;
using System.Buffers.Text;
using LlmProxy.Accounting.Ledger;

namespace LlmProxy.Accounting.Reports;

/// <summary>
/// Where a page of the ledger ended: the next one begins with the call before it. Calls that come in meanwhile stand in
/// front of it, so that nothing is shown twice and nothing is left out.
/// </summary>
internal readonly record struct CallCursor(DateTimeOffset StartedAt, Guid Id)
{
    private const int Bytes = 8 + 16;

    /// <summary>Before everything there is.</summary>
    public static readonly CallCursor Newest = new(new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero), Guid.AllBitsSet);

    public static CallCursor After(StoredCall call) => new(call.StartedAt, Guid.Parse(call.Id));

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, StartedAt.UtcTicks);
        Id.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryRead(string text, out CallCursor cursor)
    {
        cursor = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (text.Length > 64 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out int written) || written != Bytes)
        {
            return false;
        }

        long ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < 0 || ticks > Newest.StartedAt.UtcTicks)
        {
            return false;
        }

        cursor = new CallCursor(new DateTimeOffset(ticks, TimeSpan.Zero), new Guid(bytes[8..], bigEndian: true));
        return true;
    }
}
