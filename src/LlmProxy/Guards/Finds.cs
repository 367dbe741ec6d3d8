using LlmProxy.Guards.Detectors;

namespace LlmProxy.Guards;

/// <summary>A stretch of a text that a rule is about.</summary>
internal readonly record struct Find(int Start, int End, int Rule);

/// <summary>What the rules find in one text after another.</summary>
internal sealed class Finds(RedactionRules rules)
{
    /// <summary>Of the text looked at last what is to be masked, in order and without overlaps.</summary>
    public List<Find> Masks { get; } = [];

    /// <summary>How often each rule found something, in all texts.</summary>
    public int[] Counts { get; } = new int[rules.All.Length];

    /// <summary>The first detector that forbids the call.</summary>
    public Detector? Blocked { get; private set; }

    public void Look(ReadOnlySpan<char> text)
    {
        Masks.Clear();
        for (int i = 0; i < rules.All.Length; i++)
        {
            RedactionRule rule = rules.All[i];
            int from = 0;
            while (rule.Detector.TryFind(text, from, out int start, out int length))
            {
                Counts[i]++;
                from = start + length;
                if (rule.Action == RedactionAction.Block)
                {
                    Blocked ??= rule.Detector;
                }
                else if (rule.Action == RedactionAction.Mask)
                {
                    Masks.Add(new Find(start, from, i));
                }
            }
        }

        if (Masks.Count > 1)
        {
            Merge();
        }
    }

    /// <summary>Finds that overlap become one: of neither may anything stay.</summary>
    private void Merge()
    {
        Masks.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.End.CompareTo(a.End));
        int kept = 0;
        for (int i = 1; i < Masks.Count; i++)
        {
            Find last = Masks[kept];
            if (Masks[i].Start < last.End)
            {
                Masks[kept] = last with { End = Math.Max(last.End, Masks[i].End) };
            }
            else
            {
                Masks[++kept] = Masks[i];
            }
        }

        Masks.RemoveRange(kept + 1, Masks.Count - kept - 1);
    }
}
