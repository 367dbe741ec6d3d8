using System.Security.Cryptography;
using System.Text;

namespace LlmProxy.Limits;

/// <summary>
/// The users of keys that limit each of them. Their names are the clients' own, so there is a bound: beyond it, the users of a
/// key that are not remembered yet share one more limit between them until others have been silent for a minute.
/// </summary>
internal sealed class UserHolders(int most = UserHolders.Most)
{
    public const int Most = 100_000;

    private const int LongestName = 64;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(string Key, string User), LimitHolder> _users = [];
    private readonly Dictionary<string, LimitHolder> _others = new(StringComparer.Ordinal);
    private TimeSpan _swept;

    public int Count => _users.Count + _others.Count;

    public LimitHolder Find(string key, string user, TimeSpan now)
    {
        (string, string) name = (key, Short(user));
        if (_users.TryGetValue(name, out LimitHolder? holder))
        {
            return holder;
        }

        if (_users.Count >= most && now - _swept >= SweepEvery)
        {
            Sweep(now);
        }

        return _users.Count < most ? LimitHolder.Find(_users, name) : LimitHolder.Find(_others, key);
    }

    public void Sweep(TimeSpan now)
    {
        _swept = now;
        LimitHolder.Sweep(_users, now);
        LimitHolder.Sweep(_others, now);
    }

    /// <summary>A name of megabytes is remembered by its hash.</summary>
    public static string Short(string user) =>
        user.Length <= LongestName ? user : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)));
}
