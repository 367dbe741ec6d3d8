namespace LlmProxy.Forwarding;

/// <summary>A hash that is the same in every process: replicas of the gateway must choose alike. (FNV-1a with a final mix.)</summary>
internal static class StableHash
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Basis;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }

        return Finish(hash);
    }

    public static ulong Mix(ulong seed, string text)
    {
        ulong hash = Basis ^ seed;
        foreach (char c in text)
        {
            hash = (hash ^ c) * Prime;
        }

        return Finish(hash);
    }

    private static ulong Finish(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
