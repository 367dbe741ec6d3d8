using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>The refusal of an unknown model, with the names it may have been meant for.</summary>
internal static class NearNames
{
    private const int MostNames = 5000;

    public static GatewayError NotFound(GatewaySnapshot snapshot, Caller caller, string asked)
    {
        string shown = asked.Length <= 100 ? asked : asked[..100] + "...";
        List<string> near = [.. snapshot.Models.Known
            .Take(MostNames)
            .Where(name => caller.AllowsEverything || caller.Allows(name))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(name => (Name: name, Distance: Distance(shown, name)))
            .Where(c => c.Distance <= Math.Max(2, Math.Min(shown.Length, c.Name.Length) / 2))
            .OrderBy(c => c.Distance)
            .ThenBy(c => c.Name, StringComparer.Ordinal)
            .Where(c => snapshot.Models.Find(c.Name)?.Targets.Any(target => target.Deployment.IsVisibleTo(caller.Workspace)) != false)
            .Take(3)
            .Select(c => $"\"{c.Name}\"")];
        string hint = near.Count > 0 ? $" Near: {string.Join(", ", near)}." : "";
        return new GatewayError(ErrorCode.ModelNotFound, $"The model \"{shown}\" is not known to this gateway.{hint} GET /v1/models lists what this key may call.") { Param = "model" };
    }

    private static int Distance(string a, string b)
    {
        if (b.Contains(a, StringComparison.OrdinalIgnoreCase) || a.Contains(b, StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                int next = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                diagonal = row[j];
                row[j] = next;
            }
        }

        return row[b.Length];
    }
}
