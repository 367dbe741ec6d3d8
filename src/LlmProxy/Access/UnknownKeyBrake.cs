using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace LlmProxy.Access;

/// <summary>
/// Slows down who tries keys that nobody knows: each address has so many tries in a minute and gets them back evenly.
/// Only tries that failed are counted and refused, so a known key behind the same address never notices. Nobody is made
/// to wait with an open connection, and the number of addresses that are remembered is bounded.
/// </summary>
internal sealed class UnknownKeyBrake(TimeProvider time)
{
    public const int MostAddresses = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, Tries> _tries = [];

    /// <summary>All for whom there is no room.</summary>
    private Tries _others;
    private long _sweptAt;

    /// <summary>Null: the try is counted, and the key is simply unknown. Else how long this address should leave it be.</summary>
    public TimeSpan? Refuse(IPAddress address, int perMinute)
    {
        if (perMinute == 0)
        {
            return null;
        }

        UInt128 place = PlaceOf(address);
        lock (_gate)
        {
            long now = time.GetTimestamp();
            bool isKnown = _tries.TryGetValue(place, out Tries tries);
            bool hasRoom = isKnown || _tries.Count < MostAddresses || Sweep_NeedsLock(now);
            tries = hasRoom ? tries : _others;
            double perSecond = perMinute / 60.0;
            double spent = Math.Max(0, tries.Spent - (tries.Spent == 0 ? 0 : time.GetElapsedTime(tries.At, now).TotalSeconds * perSecond));
            if (spent > perMinute - 1)
            {
                return TimeSpan.FromSeconds((spent - (perMinute - 1)) / perSecond);
            }

            tries = new Tries(spent + 1, now);
            if (hasRoom)
            {
                _tries[place] = tries;
            }
            else
            {
                _others = tries;
            }

            return null;
        }
    }

    /// <summary>Forgets those who have all their tries back. True when that made room; a flood of addresses does not make it look again and again.</summary>
    private bool Sweep_NeedsLock(long now)
    {
        if (_sweptAt != 0 && time.GetElapsedTime(_sweptAt, now) < TimeSpan.FromSeconds(1))
        {
            return false;
        }

        _sweptAt = now;
        foreach ((UInt128 place, Tries tries) in _tries)
        {
            if (time.GetElapsedTime(tries.At, now) >= TimeSpan.FromMinutes(1))
            {
                _tries.Remove(place);
            }
        }

        return _tries.Count < MostAddresses;
    }

    /// <summary>An IPv4 address, or the /64 that one subscriber of IPv6 has to himself.</summary>
    private static UInt128 PlaceOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return address.AddressFamily == AddressFamily.InterNetworkV6 && length == 16
            ? new UInt128(1, BinaryPrimitives.ReadUInt64BigEndian(bytes))
            : new UInt128(0, BinaryPrimitives.ReadUInt32BigEndian(bytes));
    }

    private readonly record struct Tries(double Spent, long At);
}
