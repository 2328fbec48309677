import torch


def predict(w, b, X):
    return X @ w + b


def loss_of(w, b, X, y):
    return torch.mean((predict(w, b, X) - y) ** 2)


X, y = torch.randn(50, 3), torch.randn(50)
w, b = torch.zeros(3, requires_grad=True), torch.zeros(1, requires_grad=True)
for i in range(30):
    dw, db = torch.autograd.grad(loss_of(w, b, X, y), (w, b))
    w = (w - 0.1 * dw).detach().requires_grad_()
    b = (b - 0.1 * db).detach().requires_grad_()
print(w, b)
