package org.latent4j.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which models hand over code. In these tables {@code ~n} is a new line. */
class AnswerCodeTest {
    @ParameterizedTest
    @ValueSource(strings = {"```python3.11", "```{python}", "```{.python}", "``` python", "```Python title=\"f.py\"",
        "```py", "~~~python", "````python", "Code: ```python", "```python:f.py", "  ```python", "```py3"})
    void aFenceNamesPython(String fence) {
        String closing = fence.contains("~~~") ? "\n~~~\n" : fence.contains("````") ? "\n````\n" : "\n```\n";
        String text = fence + "\nx = 1" + closing + "Run it:\n```sh\npython f.py\n```\n";
        assertThat(AnswerExtraction.extract(TaskKind.CODE, text)).contains("x = 1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0002', value = {
        // a fence ends where nothing else stands on its line
        "```python~nf = \"```\"~ng = '```x```'~n``` | f = \"```\"~ng = '```x```'",
        "```python~ns = s.replace('```', '')~n```~nDone. | s = s.replace('```', '')",
        "~~~python~nx = 1~n```~ny = 2~n~~~ | x = 1~n```~ny = 2",
        "````python~nx = 1~n```~ny = 2~n```` | x = 1~n```~ny = 2",
        "```python~nx = 1```~nThat is it. | x = 1",
        "1. so:~n   ```python~n   if x:~n       y = 1~n   ``` | if x:~n    y = 1",
        "```python~nx = 1~n```~n```python | x = 1",
        "```python~na = 1~n```python~nb = 1~n``` | b = 1",
        // what defines is the answer, not what only uses it
        "```py~ndef f(x):~n    return x~n```~nUse it:~n```python~nprint(f(2))~n``` | def f(x):~n    return x",
        "```~ndef f(x):~n    return x~n```~n```python~nf(2)~n``` | def f(x):~n    return x",
        "```python~nclass A:~n    pass~n```~n```python~ndef test_a():~n    A()~n``` | class A:~n    pass",
        "```python~ndef f(): pass~n```~n```python~ndef f(): return 2~n```~n```python~nf()~n``` | def f(): return 2",
        "```python~ndef g(): pass~n```~n```python~ndef f(): return g()~n``` | def f(): return g()",
        "```python~ndef f(): pass~n```~n```python~nx = 3~n``` | x = 3",
        // a text that is nothing but a program
        "def f(x):~n    return x~n~nprint(f(1)) | def f(x):~n    return x~n~nprint(f(1))",
        "import math~n~nx = math.sqrt(2) | import math~n~nx = math.sqrt(2)",
        "from math import sqrt~n@cache~ndef f():~n    pass | from math import sqrt~n@cache~ndef f():~n    pass",
    })
    void findsTheCode(String text, String code) {
        assertThat(AnswerExtraction.extract(TaskKind.CODE, text.replace("~n", "\n")))
            .contains(code.replace("~n", "\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"def f(x):~n    return x~nThis returns x.", "from here on it is clear", "print(1)",
        "class of its own", "import it from the shop", "x = 1", "```python", ""})
    void findsNoCode(String text) {
        assertThat(AnswerExtraction.extract(TaskKind.CODE, text.replace("~n", "\n"))).isEmpty();
    }

    @Test
    void linesMayEndAsOnWindows() {
        assertThat(AnswerExtraction.extract(TaskKind.CODE, "```python\r\nx = 1\r\ny = 2\r\n```\r\n"))
            .contains("x = 1\ny = 2");
    }
}
