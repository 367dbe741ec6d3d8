namespace LlmProxy.Dialects.Anthropic;

/// <summary>
/// Watches a call's arguments arrive, as the inside of a JSON string, and knows when the object they spell is closed. Cut
/// anywhere, also within an escape.
/// </summary>
internal struct ArgumentsEnd
{
    private int _depth;
    private int _hexLeft;
    private int _hex;
    private bool _outerEscape;
    private bool _inString;
    private bool _innerEscape;

    public bool IsComplete { get; private set; }

    public void Add(ReadOnlySpan<byte> escaped)
    {
        foreach (byte b in escaped)
        {
            if (_hexLeft > 0)
            {
                _hex = (_hex << 4) + (char.IsAsciiHexDigit((char)b) ? Convert.ToInt32(((char)b).ToString(), 16) : 0);
                if (--_hexLeft == 0)
                {
                    Take(_hex < 128 ? (byte)_hex : (byte)'x');
                }
            }
            else if (_outerEscape)
            {
                _outerEscape = false;
                if (b == 'u')
                {
                    _hexLeft = 4;
                    _hex = 0;
                }
                else
                {
                    Take(b is (byte)'"' or (byte)'\\' ? b : (byte)' ');
                }
            }
            else if (b == '\\')
            {
                _outerEscape = true;
            }
            else
            {
                Take(b);
            }
        }
    }

    private void Take(byte b)
    {
        if (_inString)
        {
            if (_innerEscape)
            {
                _innerEscape = false;
            }
            else if (b == '\\')
            {
                _innerEscape = true;
            }
            else
            {
                _inString = b != '"';
            }

            return;
        }

        switch (b)
        {
            case (byte)'"':
                _inString = true;
                break;
            case (byte)'{' or (byte)'[':
                _depth++;
                break;
            case (byte)'}' or (byte)']':
                IsComplete |= --_depth == 0;
                break;
            default:
                break;
        }
    }
}
