using System.Runtime.CompilerServices;

namespace LlmProxy.Access;

/// <summary>
/// Whose header text it was, for texts seen lately. Compared as objects, never by letters: only what was hashed and found
/// before is found here, and how long that takes says nothing about any key.
/// </summary>
internal sealed class RecentHeaders
{
    private const int Places = 256;

    private readonly Seen?[] _seen = new Seen?[Places];

    public Caller? Find(string header) =>
        Volatile.Read(ref _seen[PlaceOf(header)]) is { } seen && ReferenceEquals(seen.Header, header) ? seen.Caller : null;

    public void Remember(string header, Caller caller) => Volatile.Write(ref _seen[PlaceOf(header)], new Seen(header, caller));

    private static int PlaceOf(string header) => RuntimeHelpers.GetHashCode(header) & (Places - 1);

    /// <summary>No record: those print what they hold.</summary>
    private sealed class Seen(string header, Caller caller)
    {
        public string Header => header;

        public Caller Caller => caller;
    }
}
