using System.Text;

namespace LlmProxy.TestKit;

/// <summary>CSV read as RFC 4180 says, by nothing that the gateway writes it with.</summary>
public static class CsvTable
{
    /// <summary>The first row holds the names. Throws where it is no CSV.</summary>
    public static IReadOnlyList<string[]> Read(string text)
    {
        var rows = new List<string[]>();
        var row = new List<string>();
        var cell = new StringBuilder();
        int i = 0;
        while (i < text.Length)
        {
            cell.Clear();
            if (text[i] == '"')
            {
                for (i++; text[i] != '"' || (i + 1 < text.Length && text[i + 1] == '"'); i++)
                {
                    cell.Append(text[i]);
                    i += text[i] == '"' ? 1 : 0;
                }

                i++;
            }
            else
            {
                for (; text[i] is not (',' or '\r'); i++)
                {
                    cell.Append(text[i] is '"' or '\n' ? throw new FormatException($"A bare {(int)text[i]} at {i}") : text[i]);
                }
            }

            row.Add(cell.ToString());
            if (text[i] == ',')
            {
                i++;
                continue;
            }

            if (text[i] != '\r' || text[i + 1] != '\n')
            {
                throw new FormatException($"A row ends badly at {i}");
            }

            i += 2;
            rows.Add([.. row]);
            row.Clear();
        }

        return row.Count == 0 && rows.TrueForAll(all => all.Length == rows[0].Length) ? rows : throw new FormatException("The rows are not equally long.");
    }
}
