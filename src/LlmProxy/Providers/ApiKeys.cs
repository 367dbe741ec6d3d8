using System.Runtime.CompilerServices;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Providers;

/// <summary>Which of an LLM's credentials is in use: one that has met its vendor's rate limit makes way for the next.</summary>
internal static class ApiKeys
{
    private static readonly ConditionalWeakTable<AuthSettings, StrongBox<int>> Turns = [];

    /// <summary>Null: the LLM has none.</summary>
    public static string? Current(AuthSettings auth)
    {
        if (auth.ApiKeys.Count == 0)
        {
            return auth.Get("api_key");
        }

        int turn = auth.ApiKeys.Count > 1 && Turns.TryGetValue(auth, out StrongBox<int>? box) ? Volatile.Read(ref box.Value) : 0;
        return auth.ApiKeys[turn % auth.ApiKeys.Count].Reveal();
    }

    /// <summary>Turns to the next credential, unless another call has already done so since <paramref name="refused"/> was sent.</summary>
    public static void Refused(AuthSettings auth, string? refused)
    {
        if (auth.ApiKeys.Count < 2)
        {
            return;
        }

        StrongBox<int> box = Turns.GetOrCreateValue(auth);
        int turn = Volatile.Read(ref box.Value);
        if (refused is null || auth.ApiKeys[turn % auth.ApiKeys.Count].Reveal() == refused)
        {
            Interlocked.CompareExchange(ref box.Value, (turn + 1) % auth.ApiKeys.Count, turn);
        }
    }
}
