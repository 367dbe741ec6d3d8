namespace LlmProxy.Routing;

/// <summary>Says which of the calls that go by measured speed look after an LLM that would not be asked: about one in twenty-five.</summary>
internal sealed class ProbeTurn
{
    private const int Fewest = 15;
    private const int Most = 35;

    private int _left = Most;

    /// <summary>At uneven distances, so that no rhythm among the callers always pays for it.</summary>
    public bool IsDue(Random random)
    {
        if (Interlocked.Decrement(ref _left) > 0)
        {
            return false;
        }

        Volatile.Write(ref _left, random.Next(Fewest, Most + 1));
        return true;
    }
}
