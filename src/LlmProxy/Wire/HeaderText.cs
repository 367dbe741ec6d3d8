namespace LlmProxy.Wire;

/// <summary>Text that may stand in a header: names may be written in any script, headers may not.</summary>
internal static class HeaderText
{
    public static string Safe(string value)
    {
        foreach (char c in value)
        {
            if (c is < ' ' or > '~')
            {
                return Uri.EscapeDataString(value);
            }
        }

        return value;
    }
}
