namespace LlmProxy.Conversation.Shortening;

/// <summary>
/// In which order a conversation can be made shorter: units that only go together, the oldest first. A turn is what the
/// user says and what follows; inside a long turn the older rounds of tools go before the words that asked for them. The
/// last thing the user said and the last round stay.
/// </summary>
internal static class TurnUnits
{
    /// <summary>Each step names items by their index.</summary>
    public static List<List<int>> Steps(IReadOnlyList<ConversationItem> items)
    {
        List<Unit> units = Joined(Units(items, out List<(int Call, int Result)> pairs), pairs);
        int head = units.FindLastIndex(u => u.IsUsers);
        int words = units.FindLastIndex(u => u.HasUsersWords);
        var steps = new List<List<int>>();
        int turn = -1; // The unit with which the turn begins that is not over yet.
        for (int i = 0; i < units.Count - 1; i++)
        {
            if (units[i].IsUsers)
            {
                turn = i;
            }

            if (i >= head)
            {
                // The last turn: only its older rounds can go.
                if (i != head && i != words)
                {
                    steps.Add(units[i].Items);
                }
            }
            else if (turn < 0 || (i != turn && !units[i + 1].IsUsers))
            {
                steps.Add(units[i].Items);
            }
            else if (units[i + 1].IsUsers)
            {
                steps.Add(i == turn ? units[i].Items : [.. units[turn].Items, .. units[i].Items]);
            }
        }

        return steps;
    }

    /// <summary>What the user says in a row; a round: what the model says in a row, with the results of its calls.</summary>
    private static List<Unit> Units(IReadOnlyList<ConversationItem> items, out List<(int Call, int Result)> pairs)
    {
        var units = new List<Unit>();
        var callers = new Dictionary<string, int>(StringComparer.Ordinal);
        pairs = [];
        for (int i = 0; i < items.Count; i++)
        {
            ConversationItem item = items[i];
            if (item.Side == ItemSide.Kept)
            {
                continue;
            }

            Unit? last = units.Count > 0 ? units[^1] : null;
            bool goesOn = last is not null && item.Side switch
            {
                ItemSide.User => last.IsUsers,
                ItemSide.Assistant => !last.IsUsers && !last.HasResults,
                _ => !last.IsUsers,
            };
            if (!goesOn)
            {
                units.Add(last = new Unit { IsUsers = item.Side == ItemSide.User });
            }

            last!.Items.Add(i);
            last.HasResults |= item.Side == ItemSide.Result;
            last.HasUsersWords |= item.HasUsersWords;
            foreach (string call in item.Calls)
            {
                callers[call] = units.Count - 1;
            }

            foreach (string answered in item.Answers)
            {
                if (callers.TryGetValue(answered, out int caller) && caller < units.Count - 1)
                {
                    pairs.Add((caller, units.Count - 1));
                }
            }
        }

        return units;
    }

    /// <summary>A result that comes later than the next round or the user's next words holds all that lies between.</summary>
    private static List<Unit> Joined(List<Unit> units, List<(int Call, int Result)> pairs)
    {
        for (int p = pairs.Count - 1; p >= 0; p--)
        {
            (int call, int result) = pairs[p];
            Unit whole = units[call];
            for (int i = call + 1; i <= result && i < units.Count; i++)
            {
                if (ReferenceEquals(units[i], whole))
                {
                    continue;
                }

                Unit part = units[i];
                whole.Items.AddRange(part.Items);
                whole.HasUsersWords |= part.HasUsersWords || part.IsUsers;
                for (int same = i; same < units.Count; same++)
                {
                    units[same] = ReferenceEquals(units[same], part) ? whole : units[same];
                }
            }
        }

        return [.. units.Distinct()];
    }

    private sealed class Unit
    {
        public List<int> Items { get; } = [];

        public bool IsUsers { get; init; }

        public bool HasResults { get; set; }

        public bool HasUsersWords { get; set; }
    }
}
